"""What an application must know about a network before it feeds it an image."""

from dataclasses import dataclass
from typing import Literal

from sem_models.config.degradation import Downsampling


@dataclass(frozen=True)
class LatentCode:
    """The latent code with which a variational stage describes a patch."""

    length: int
    hidden: int
    """Width of the fully connected layers that read the code."""
    patch: int
    """Edge length, in input pixels, of the patch that one code describes."""


@dataclass(frozen=True)
class Strength:
    """The widths of blur that a network can be told to undo, as sigma of a Gaussian in px; 0 changes nothing."""

    default_px: float
    largest_px: float


@dataclass(frozen=True)
class Capabilities:
    """Facts about one configured network. Trainer, predictor and pages read them only from here."""

    channels_in: int
    channels_out: int
    scale: int
    """Output pixels per input pixel along one axis."""
    receptive_field: int
    """Number of input pixels on each side that can influence an output pixel."""
    size_multiple: int = 1
    """Input height and width must be multiples of this number; callers pad by reflection."""
    tiling: Literal["supported", "discouraged", "statistics"] = "supported"
    """Discouraged: a layer looks at the whole image. Statistics: the network normalises by means and variances, as
    instance norm does, which the predictor first takes from the whole image and then keeps for every tile."""
    channels_last: bool = True
    """Whether the channels-last memory format is faster."""
    half_safe: bool = True
    """Whether the results remain usable under bf16 autocast."""
    half_on_cpu: bool = False
    """Whether it was measured to train faster, and as well, in bf16 on a CPU with units for it."""
    auxiliary: Literal["none", "gradient", "pyramid", "noise", "deviation"] = "none"
    """Additional output in training. Gradient: `with_gradient` also returns the gradient map of the output. Pyramid:
    `pyramid` also returns the outputs at a quarter and at half of the size. Noise: the network returns no image;
    `forward(x_t, t, condition)` predicts the noise in one, and `channels_in` counts the channels of the condition.
    Deviation: `moments` also returns the logarithm of the variance of each recorded pixel, given its surroundings."""
    fusion: tuple[str, ...] = ()
    """Names of the modules that join the features of the image and of its gradient branch into the output."""
    training_patch: int | None = None
    """Edge length, in input pixels, that a training patch must have because a layer has a fixed size."""
    effective_halo: int | None = None
    """Halo in input pixels, if it is smaller than the receptive field because remote pixels hardly matter."""
    halo_error: float | None = None
    """Largest difference between tiles with the effective halo and the whole image that was found, as a fraction of the
    range of the output; None: not measured."""

    probabilities: bool = False
    """Whether the output is a probability: float32, always between 0 and 1."""
    back_projection: Downsampling | None = None
    """The down-sampling that, by construction, reduces the output to the input."""
    strength: Strength | None = None
    """Set if the last input channel is the width of the blur that the network should undo."""
    window: int | None = None
    """Edge in px of the window over which the network averages around each pixel; a smaller image is averaged as a
    whole, which an exported network cannot do."""
    latent: LatentCode | None = None
    """The latent code of a separate denoising stage, `denoise(x, code)`, if the network has one."""

    @property
    def halo(self) -> int:
        """The halo that the predictor uses: the receptive field, so that tiles are exact, unless that is too large."""
        return self.receptive_field if self.effective_halo is None else self.effective_halo

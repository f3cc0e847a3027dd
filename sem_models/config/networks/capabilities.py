"""What an application must know about a network before it feeds it an image."""

from dataclasses import dataclass
from typing import Literal

from sem_models.config.degradation import Downsampling


@dataclass(frozen=True)
class LatentCode:
    """The code by which a variational stage describes a patch."""

    length: int
    hidden: int
    """Width of the layers that read the code."""
    patch: int
    """Input pixels along an edge that one code describes."""


@dataclass(frozen=True)
class Capabilities:
    """Facts of one configured network; the trainer, the predictor and the pages read them from here only."""

    channels_in: int
    channels_out: int
    scale: int
    """Output pixels per input pixel along one axis."""
    receptive_field: int
    """Input pixels on each side that can change an output pixel."""
    size_multiple: int = 1
    """Input height and width must be multiples of this; callers pad by reflection."""
    tiling: Literal["supported", "discouraged", "statistics"] = "supported"
    """Discouraged where a layer looks at the whole image; statistics: it normalises by means and variances that the
    predictor takes from the whole image first and then holds for every tile (instance norm)."""
    channels_last: bool = True
    """Whether the channels-last memory format is the faster one."""
    half_safe: bool = True
    """Whether bf16 autocast keeps the result usable."""
    auxiliary: Literal["none", "gradient", "pyramid", "noise"] = "none"
    """What the network gives beside the image in training: the gradient map of the output by `with_gradient`, or the
    outputs at a quarter and a half of the size by `pyramid`. Noise: it gives no image, but by `forward(x_t, t,
    condition)` what was added to one; `channels_in` are those of the condition."""
    training_patch: int | None = None
    """Input pixels that a training patch must have, where a layer has a fixed size."""
    effective_halo: int | None = None
    """Input pixels that tiles share instead of the receptive field, where that is far larger than what matters."""

    probabilities: bool = False
    """Whether the output is a probability: 32 bit, always between 0 and 1."""
    back_projection: Downsampling | None = None
    """The down-sampling under which the output gives the input again, by construction."""
    latent: LatentCode | None = None
    """Where a code drives a denoising stage of its own, `denoise(x, code)`."""

    @property
    def halo(self) -> int:
        """What the predictor uses: the whole receptive field, so that tiles are exact, unless it is too large."""
        return self.receptive_field if self.effective_halo is None else self.effective_halo

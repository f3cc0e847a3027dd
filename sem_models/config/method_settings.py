"""Settings that only some methods need: cycle, blind-spot and diffusion training."""

import math
from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen


class CycleSettings(Frozen):
    """Losses that tie two generators together without pairs (CycleGAN; Zhu et al., ICCV 2017)."""

    weight: float = Field(10.0, gt=0)
    """Weight of the cycle loss: the L1 distance between an image and its round trip through both generators, in each
    direction."""
    identity: float = Field(0.5, ge=0)
    """Weight of the identity loss, as a fraction of `weight`: the L1 distance between an image that is already in a
    generator's output domain and the generator's output for it. Without it, light and dark are easily exchanged."""
    low_frequency: float = Field(0.0, ge=0)
    """Weight of the L1 distance between the low frequencies of input and output, which preserves dents and shading."""
    low_frequency_sigma_px: float = Field(8.0, gt=0)
    """Standard deviation of the Gaussian low-pass for `low_frequency`."""
    pool: int = Field(50, ge=0)
    """Number of earlier outputs that a discriminator may be shown instead of the newest one; 0: none."""


_BOX_IN_STRETCHES = 3


class BlindSpot(Frozen):
    """Which pixels blind-spot training hides, and what replaces them (Noise2Void, Krull et al., CVPR 2019)."""

    share: float = Field(0.015, ge=0.0015, le=0.05)
    """Share of the pixels that each step hides and compares: one stretch in each box of a grid, so that they do not
    crowd. The paper hides 64 of 64 x 64 px. Its later code hides a share of 0.00198, which is steadier in long runs
    and slow in short ones."""
    replacement: Literal["neighbour", "median"] = "median"
    """Neighbour: a random other pixel of the window. Median: the median of the window without the hidden pixel."""
    radius: int = Field(5, ge=1, le=15)
    """Half edge of the window, in px."""
    line_px: int = Field(0, ge=0, le=32)
    """Number of pixels to the left and to the right of a hidden stretch that are replaced as well, for noise that is
    correlated along the scan line (structN2V, Broaddus et al., ISBI 2020). The loss compares only the stretch."""
    stretch_px: int = Field(1, ge=1, le=64)
    """Number of adjacent pixels of a line that are hidden and compared together. If neighbours along the line are
    replaced too, a longer stretch needs far fewer replaced pixels per compared pixel, so that the training inputs
    resemble real ones more closely."""
    estimate: Literal["prediction", "posterior-mean"] = Field("prediction", exclude_if=lambda way: way == "prediction")
    """What the trained model gives for a pixel. Prediction: the output of the network, which hardly uses the recorded
    value of the pixel. Posterior mean: both combined, weighted by the error of the prediction and the noise, which are
    measured on the validation images (Laine et al., NeurIPS 2019). A dump omits the field if it is `prediction`, so
    that older dumps and digests stay equal."""

    @property
    def uses_pixel(self) -> bool:
        """Whether the recorded value of a pixel is part of its estimate."""
        return self.estimate == "posterior-mean"

    @property
    def follows_lines(self) -> bool:
        """Whether pixels of one line are hidden together."""
        return self.line_px > 0 or self.stretch_px > 1

    @property
    def box(self) -> tuple[int, int]:
        """Rows and columns of the box that holds one hidden stretch."""
        if self.stretch_px == 1:
            edge = round(math.sqrt(1 / self.share))
            return edge, edge
        return max(round(1 / (self.share * _BOX_IN_STRETCHES)), 1), _BOX_IN_STRETCHES * self.stretch_px


class Sampling(Frozen):
    """How a trained diffusion model draws images (DPM-Solver++ 2M; Lu et al., 2022)."""

    steps: int = Field(25, ge=1)
    """Number of denoising steps, at most `timesteps`. With 25, an exact predictor reproduces texture within 1 %."""
    guidance: float = Field(1.0, ge=0)
    """Weight of the condition: 1 follows it as learned, 0 ignores it, larger values exaggerate it (Ho and Salimans,
    2022)."""
    samples: int = Field(1, ge=1, le=64)
    """Number of images drawn for each condition. Where a single image is needed, their mean is used."""
    seed: int = Field(0, ge=0)


class DiffusionSettings(Frozen):
    """The noise schedule and the quantity that the network predicts (DDPM; Ho, Jain and Abbeel, NeurIPS 2020)."""

    timesteps: int = Field(1000, ge=50)
    betas: Literal["linear", "cosine"] = "linear"
    """Linear: 0.0001 to 0.02, multiplied by 1000 / `timesteps`. Cosine: Nichol and Dhariwal, ICML 2021."""
    predicts: Literal["noise", "velocity"] = "noise"
    """Velocity: sqrt(a) noise - sqrt(1 - a) image, where a is the signal's share of the variance (Salimans and Ho,
    ICLR 2022)."""
    drop_condition: float = Field(0.1, ge=0, lt=1)
    """Share of the training images whose condition is dropped, which guidance requires."""
    sampling: Sampling = Sampling()

    @model_validator(mode="after")
    def _steps_exist(self) -> "DiffusionSettings":
        if self.sampling.steps > self.timesteps:
            raise ValueError(f"sampling.steps must be at most timesteps ({self.timesteps})")
        return self

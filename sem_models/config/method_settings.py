"""What only some methods need: cycles, blind spots, diffusion."""

import math
from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen


class CycleSettings(Frozen):
    """What holds two generators together that never see a pair (CycleGAN; Zhu et al., ICCV 2017)."""

    weight: float = Field(10.0, gt=0)
    """Of the L1 distance between an image and what both generators in a row make of it, in each direction."""
    identity: float = Field(0.5, ge=0)
    """Of the L1 distance between an image of the domain that a generator draws and what it makes of it, as a fraction
    of `weight`; without it light and dark are easily exchanged."""
    low_frequency: float = Field(0.0, ge=0)
    """Of the L1 distance between the low frequencies of input and output, which keeps dents and shading."""
    low_frequency_sigma_px: float = Field(8.0, gt=0)
    """Standard deviation of the Gaussian that leaves the low frequencies."""
    pool: int = Field(50, ge=0)
    """Earlier outputs a discriminator may be shown instead of the newest; 0: none."""


_BOX_IN_STRETCHES = 3


class BlindSpot(Frozen):
    """Which pixels a blind-spot training hides, and behind what (Noise2Void, Krull et al., CVPR 2019)."""

    share: float = Field(0.015, ge=0.0015, le=0.05)
    """Of all pixels, hidden and compared in a step: one stretch in each box, so that none are crowded. The
    paper hides 64 of 64 x 64 px; its later code 0.00198, which is steadier for long runs and slow in short ones."""
    replacement: Literal["neighbour", "median"] = "median"
    """Neighbour: another pixel of the window at random; median: of the window. Never the hidden pixel itself."""
    radius: int = Field(5, ge=1, le=15)
    """Half edge of the window, in px."""
    line_px: int = Field(0, ge=0, le=32)
    """Pixels to the left and right of a hidden stretch that are replaced too, for noise that is correlated along the
    scan line (structN2V, Broaddus et al., ISBI 2020); the loss looks at the stretch only."""
    stretch_px: int = Field(1, ge=1, le=64)
    """Pixels of a line that are hidden, and compared, together. With a mask along the line a longer stretch hides far
    fewer pixels for each one that teaches, so that the inputs of training look more like those of use."""

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
    """How a trained diffusion model draws (DPM-Solver++ 2M; Lu et al., 2022)."""

    steps: int = Field(25, ge=1)
    """Denoising steps, at most `timesteps`. With 25 an exact predictor's texture is right within 1 %."""
    guidance: float = Field(1.0, ge=0)
    """Weight of the condition: 1 is what was learned, 0 ignores it, more exaggerates it (Ho and Salimans, 2022)."""
    samples: int = Field(1, ge=1, le=64)
    """Images drawn for one condition; where a single one is wanted, their mean."""
    seed: int = Field(0, ge=0)


class DiffusionSettings(Frozen):
    """The forward process and what the network learns of it (DDPM; Ho, Jain and Abbeel, NeurIPS 2020)."""

    timesteps: int = Field(1000, ge=50)
    betas: Literal["linear", "cosine"] = "linear"
    """Linear: 0.0001 to 0.02, times 1000 / `timesteps`; cosine: Nichol and Dhariwal, ICML 2021."""
    predicts: Literal["noise", "velocity"] = "noise"
    """Velocity: sqrt(a) noise - sqrt(1 - a) image (Salimans and Ho, ICLR 2022)."""
    drop_condition: float = Field(0.1, ge=0, lt=1)
    """Share of training images whose condition is taken away, which guidance needs."""
    sampling: Sampling = Sampling()

    @model_validator(mode="after")
    def _steps_exist(self) -> "DiffusionSettings":
        if self.sampling.steps > self.timesteps:
            raise ValueError(f"sampling.steps must be at most timesteps ({self.timesteps})")
        return self

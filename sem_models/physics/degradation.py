"""Which forward model makes the network's input from a sharp micrograph; its settings are logged with every run."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Downsampling = Literal["bicubic_aa", "cubic_aliased", "gaussian_area"]


DOWNSAMPLINGS: tuple[Downsampling, ...] = get_args(Downsampling)


class Degradation(BaseModel):
    """Down-sampling by `scale`, then Poisson-Gaussian noise where it is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    downsampling: Downsampling = "bicubic_aa"
    scale: int = Field(4, ge=1, le=16)
    dose_e_per_px: float | None = Field(None, gt=0)
    """Mean electrons per pixel at full intensity; None: no shot noise."""
    read_noise: float = Field(0.0, ge=0, le=1)
    """Standard deviation of additive Gaussian noise, as a fraction of the intensity range."""

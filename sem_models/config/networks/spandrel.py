"""A network of the package spandrel, which rebuilds the architectures that published weights belong to."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities


class SpandrelConfig(Frozen):
    """Which network of spandrel, and what the import of its weights found out about it."""

    kind: Literal["spandrel"] = "spandrel"
    architecture: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    """Name of a package in `spandrel.architectures`, such as `HAT`."""
    network: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    """Name of the class in that package."""
    arguments: str
    """JSON object of the arguments of its constructor, under the names of the published code."""
    channels: Literal[1, 3]
    scale: int = Field(ge=1, le=16)
    size_multiple: int = Field(1, ge=1)
    least_px: int = Field(0, ge=0)
    """Height and width below which an image is padded."""
    square: bool = False
    """Whether an image is padded until it is square."""
    halo_px: int | None = Field(None, ge=0)
    """Halo with which tiles were measured to agree with the whole image; None: with none that was tried."""
    half_safe: bool = True


def capabilities(config: SpandrelConfig) -> Capabilities:
    """Return the capabilities. The receptive field of a foreign network is not known, only what was measured."""
    whole = config.halo_px is None
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=config.halo_px or 0,
        size_multiple=config.size_multiple,
        tiling="discouraged" if whole else "supported",
        channels_last=False,
        half_safe=config.half_safe,
        effective_halo=_LARGEST_HALO if config.halo_px is None else config.halo_px,
    )


_LARGEST_HALO = 64
"""In input pixels, where an image is too large for one piece although the network looks at all of it."""

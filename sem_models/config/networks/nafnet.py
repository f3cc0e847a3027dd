"""NAFNet with local channel attention (Chen et al., ECCV 2022; Chu et al., ECCV 2022): settings and reach."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, blocks_of_two, doubled_from, farthest, widened

_LARGEST_HALO = 64


class NAFNetConfig(Frozen):
    """Settings of NAFNet.

    The paper uses width 32 or 64 and the depths below. Width 16 with one block per level makes a small network.
    """

    kind: Literal["nafnet"] = "nafnet"
    channels: int = Field(1, ge=1)
    width: int = Field(32, ge=1)
    encoder: tuple[int, ...] = Field((2, 2, 4, 8), min_length=1, max_length=5)
    """Number of blocks per level on the way down, finest level first."""
    middle: int = Field(12, ge=0)
    decoder: tuple[int, ...] = (2, 2, 2, 2)
    """Number of blocks per level on the way up, coarsest level first."""
    window: int = Field(128, ge=1)
    """Edge length, in input pixels, of the window over which channel attention averages: a power of two, at least
    2^levels."""

    fold: Literal[1, 2] = Field(1, exclude_if=lambda fold: fold == 1)
    """Edge length of the blocks of pixels that become channels before the first layer, and pixels again after the last
    (FFDNet, Zhang et al., IEEE TIP 2018): 2 takes about a third of the time for the same widths."""

    @model_validator(mode="after")
    def _levels_agree(self) -> "NAFNetConfig":
        if len(self.encoder) != len(self.decoder):
            raise ValueError("encoder and decoder must have the same number of levels")
        if self.window.bit_count() != 1 or self.window < self.fold * 2 ** len(self.encoder):
            raise ValueError(f"window must be a power of two, at least {self.fold * 2 ** len(self.encoder)}")
        return self


def capabilities(config: NAFNetConfig) -> Capabilities:
    """Return the capabilities; the receptive field is traced from the output inwards.

    Each block averages over a window of pixels that its convolution widens by one pixel. From block to block the
    windows add up to far more than matters, because a pixel at their edge is one of thousands in a mean. The halo of
    the tiles is therefore limited.
    """
    folded = config.fold == 2
    window = config.window // config.fold

    def needed(wanted: Interval) -> Interval:
        wanted = widened(doubled_from(wanted) if folded else wanted, 1)
        for level, blocks in enumerate(reversed(config.decoder)):
            wanted = doubled_from(_through(wanted, blocks, window >> level))
        wanted = _through(wanted, config.middle, window >> len(config.encoder))
        for level, blocks in reversed(list(enumerate(config.encoder))):
            wanted = _through(blocks_of_two(wanted), blocks, window >> level)
        wanted = widened(wanted, 1)
        return blocks_of_two(wanted) if folded else wanted

    multiple = config.fold * 2 ** len(config.encoder)
    reach = farthest(multiple, needed)
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=1,
        receptive_field=reach,
        size_multiple=multiple,
        effective_halo=min(reach, _LARGEST_HALO),
        window=config.window,
    )


def _through(wanted: Interval, blocks: int, window: int) -> Interval:
    return wanted[0] - blocks * (1 + (window - 1) // 2), wanted[1] + blocks * (1 + window // 2)

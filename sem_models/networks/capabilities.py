"""What an application must know about a network before it feeds it an image."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Capabilities:
    """Facts of one configured network; the trainer, the predictor and the pages read them from here only."""

    channels_in: int
    channels_out: int
    scale: int
    """Output pixels per input pixel along one axis."""
    receptive_field: int
    """Halo: input pixels on each side that can change an output pixel."""
    size_multiple: int = 1
    """Input height and width must be multiples of this; callers pad by reflection."""
    tiling: Literal["supported", "discouraged"] = "supported"
    """Discouraged where a layer looks at the whole image (instance norm, global attention)."""
    channels_last: bool = True
    """Whether the channels-last memory format is the faster one."""
    half_safe: bool = True
    """Whether bf16 autocast keeps the result usable."""

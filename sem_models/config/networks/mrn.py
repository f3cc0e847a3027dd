"""MRN, three SRNs from coarse to fine (Na et al., Acta Materialia 214, 116987, 2021): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import Interval, doubled_from, farthest, halved_from, widened
from sem_models.config.networks.srn import trunk_reach

SCALES = 3
_LARGEST_HALO = 64


class MRNConfig(Frozen):
    """Settings of MRN, a chain of three SRNs. With `residual`, each scale corrects its input, starting at zero."""

    kind: Literal["mrn"] = "mrn"
    channels: int = Field(1, ge=1)
    width: int = Field(64, ge=1)
    blocks: int = Field(16, ge=1)
    kernel: Literal[3, 5] = 3
    residual: bool = False


def capabilities(config: MRNConfig) -> Capabilities:
    """Return the capabilities; the receptive field is traced from the output inwards.

    It is about seven times that of one SRN, because a pixel of the coarsest scale is four pixels wide. The halo of the
    tiles is smaller: a stack of small convolutions hardly uses the rim of its receptive field, and any blur that the
    network can undo ends after a few pixels.
    """

    def needed(wanted: Interval) -> Interval:
        reach = trunk_reach(config.blocks, config.kernel)
        for _ in range(SCALES - 1):
            wanted = widened(doubled_from(widened(wanted, reach)), 1)
        wanted = widened(wanted, reach)
        for _ in range(SCALES - 1):
            wanted = halved_from(wanted)
        return wanted

    multiple = 2 ** (SCALES - 1)
    reach = farthest(multiple, needed)
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=1,
        receptive_field=reach,
        size_multiple=multiple,
        auxiliary="pyramid",
        effective_halo=min(reach, _LARGEST_HALO),
    )

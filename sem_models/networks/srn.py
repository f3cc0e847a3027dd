"""SRN: a plain residual network that refocuses micrographs (Na et al., Acta Materialia 214, 116987, 2021).

Width, kernel and the missing normalisation are those of its nearest documented ancestor, the blocks of Nah, Kim and
Lee (CVPR 2017). Ours is `residual`: the network then learns a correction that starts at zero, so that what is in
focus is untouched from the first step on.
"""

from typing import Literal

import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sem_models.networks.blocks import conv
from sem_models.networks.capabilities import Capabilities


class SRNConfig(BaseModel):
    """The published network has 16 blocks and gives the image itself, not a correction."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["srn"] = "srn"
    channels: int = Field(1, ge=1)
    width: int = Field(64, ge=1)
    blocks: int = Field(16, ge=1)
    kernel: Literal[3, 5] = 3
    residual: bool = False
    """Output = input + correction."""


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution and the identity; no normalisation, and nothing after the sum."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.first = conv(width, width, kernel, slope=0)
        self.second = conv(width, width, kernel, gain=0.1, slope=0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        y: Tensor = self.second(F.relu(self.first(x)))
        return x + y


class RefocusingTrunk(nn.Module):
    """The layers of SRN between any numbers of channels; MRN stacks three."""

    def __init__(self, before: int, after: int, width: int, blocks: int, kernel: int, residual: bool) -> None:
        super().__init__()
        self.after, self.residual = after, residual
        self.head = conv(before, width, kernel, slope=0)
        self.blocks = nn.Sequential(*[ResidualBlock(width, kernel) for _ in range(blocks)])
        self.close = conv(width, width, kernel, gain=0.1, slope=0)
        self.tail = conv(width, after, kernel, gain=0.0 if residual else 1.0, slope=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) to (N, after, H, W); a residual corrects the first `after` channels of the input."""
        shallow = F.relu(self.head(x))
        y: Tensor = self.tail(shallow + self.close(self.blocks(shallow)))
        return x[:, : self.after] + y if self.residual else y


class SRN(RefocusingTrunk):
    """From a blurred micrograph to a sharp one, at one scale."""

    def __init__(self, config: SRNConfig) -> None:
        super().__init__(config.channels, config.channels, config.width, config.blocks, config.kernel, config.residual)


def trunk_reach(blocks: int, kernel: int) -> int:
    """Pixels on each side: half a kernel for each convolution, two a block and three around them."""
    return (2 * blocks + 3) * (kernel // 2)


def capabilities(config: SRNConfig) -> Capabilities:
    """The receptive field is exact."""
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=1,
        receptive_field=trunk_reach(config.blocks, config.kernel),
    )

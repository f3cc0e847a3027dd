"""VDSR: a deep plain network that corrects a bicubic enlargement (Kim, Lee and Lee, CVPR 2016).

Deviation: the enlargement happens inside the network, so that every super-resolution network takes the
low-resolution micrograph. Scales are trained one at a time.
"""

from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sem_models.networks.capabilities import Capabilities
from sem_models.physics.downsampling import cubic_halo, upsample


class VDSRConfig(BaseModel):
    """Depth counts all convolutions; the paper has 20 of width 64 without bias."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vdsr"] = "vdsr"
    scale: int = Field(4, ge=1, le=8)
    channels: int = Field(1, ge=1)
    depth: int = Field(20, ge=3)
    width: int = Field(64, ge=1)


class VDSR(nn.Module):
    """Enlarge, then add a learned residual."""

    def __init__(self, config: VDSRConfig) -> None:
        super().__init__()
        self.scale = config.scale
        widths = [config.channels, *[config.width] * (config.depth - 1), config.channels]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.ReLU(inplace=True)]
        self.body = nn.Sequential(*layers[:-1])
        for layer in self.body:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        last = self.body[-1]
        assert isinstance(last, nn.Conv2d)  # noqa: S101
        nn.init.normal_(last.weight, std=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale)."""
        enlarged = upsample(x, self.scale)
        residual: Tensor = self.body(enlarged)
        return enlarged + residual


def capabilities(config: VDSRConfig) -> Capabilities:
    """The halo is what the cubic reads for one output pixel a convolution on each side; exact, not rounded up."""
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=cubic_halo(config.scale, reach=config.depth),
    )

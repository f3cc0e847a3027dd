"""RRDBNet, the generator of ESRGAN (Wang et al., ECCV Workshops 2018).

Deviations, which settings can undo: the output adds a bicubic enlargement, so that an untrained network starts at the
bicubic baseline; x2 has one doubling instead of a pixel unshuffle before the trunk.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.reach import doublings, nearest_halo
from sem_models.config.networks.rrdb import RRDBConfig
from sem_models.networks.blocks import NearestDoubling, conv
from sem_models.networks.strips import by_strips
from sem_models.physics.downsampling import upsample

_RESIDUAL_SCALE = 0.2
_INIT_GAIN = 0.1


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each of which sees the features of all before it."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        widths = [growth] * 4 + [width]
        self.convs = nn.ModuleList(
            conv(width + index * growth, after, gain=_INIT_GAIN) for index, after in enumerate(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        features = [x]
        for layer in self.convs[:-1]:
            features.append(F.leaky_relu(layer(torch.cat(features, 1)), 0.2))
        y: Tensor = self.convs[-1](torch.cat(features, 1))
        return x + _RESIDUAL_SCALE * y


class RRDB(nn.Module):
    """Three dense blocks with a residual connection around them."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[ResidualDenseBlock(width, growth) for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y: Tensor = self.blocks(x)
        return x + _RESIDUAL_SCALE * y


class RRDBNet(nn.Module):
    """A trunk of RRDBs at input resolution, then nearest-neighbour doublings and two convolutions."""

    def __init__(self, config: RRDBConfig) -> None:
        super().__init__()
        self.scale, width = config.scale, config.width
        self.reach_of_end = nearest_halo(config.scale * config.unshuffle, 2)
        self.unshuffle, self.bicubic_skip = config.unshuffle, config.bicubic_skip
        self.head = conv(config.channels * config.unshuffle**2, width)
        self.trunk = nn.Sequential(*[RRDB(width, config.growth) for _ in range(config.blocks)])
        self.close = conv(width, width)
        steps = doublings(config.scale * config.unshuffle)
        self.enlarge = nn.Sequential(*[NearestDoubling(width) for _ in range(steps)])
        self.high = conv(width, width)
        self.tail = conv(width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale); H and W are multiples of `unshuffle`."""
        shallow = self.head(F.pixel_unshuffle(x, self.unshuffle) if self.unshuffle > 1 else x)
        output = by_strips(self._end, shallow + self.close(self.trunk(shallow)), reach=self.reach_of_end)
        return upsample(x, self.scale) + output if self.bicubic_skip else output

    def _end(self, features: Tensor) -> Tensor:
        output: Tensor = self.tail(F.leaky_relu(self.high(self.enlarge(features)), 0.2))
        return output

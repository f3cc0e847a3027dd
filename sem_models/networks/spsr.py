"""SPSR: super-resolution that keeps structure, with a branch for the gradient map (Ma et al., CVPR 2020).

Deviations: the output adds a bicubic enlargement, as in RRDBNet; edges are replicated in the gradient map.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.reach import doublings, nearest_halo
from sem_models.config.networks.spsr import TAPS, SPSRConfig
from sem_models.networks.blocks import NearestDoubling, conv
from sem_models.networks.rrdb import RRDB
from sem_models.networks.strips import by_strips
from sem_models.physics.downsampling import upsample
from sem_models.physics.gradient import central_magnitude

_REACH_AT_OUTPUT = 20
"""Output pixels that `_end` reads around each: two convolutions after the doublings, 16 of `fuse` and its join, two."""


class SPSRNet(nn.Module):
    """SPSR, which in training returns the image and its gradient map."""

    def __init__(self, config: SPSRConfig) -> None:
        super().__init__()
        self.scale, self.taps, width, growth = config.scale, config.taps, config.width, config.growth
        self.head = conv(config.channels, width)
        self.trunk = nn.ModuleList(RRDB(width, growth) for _ in range(config.blocks))
        self.close = conv(width, width)
        self.enlarge = _enlarger(width, config.scale)
        self.branch_head = conv(config.channels, width)
        self.branch_blocks = nn.ModuleList(RRDB(2 * width, growth) for _ in range(TAPS))
        self.branch_joins = nn.ModuleList(conv(2 * width, width) for _ in range(TAPS))
        self.branch_close = conv(width, width)
        self.branch_enlarge = _enlarger(width, config.scale)
        self.map = conv(width, config.channels, size=1, gain=0.1)
        self.fuse = RRDB(2 * width, growth)
        self.fuse_join = conv(2 * width, width)
        self.high = conv(width, width)
        self.tail = conv(width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale)."""
        image: Tensor = self.with_gradient(x)[0]
        return image

    def with_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the image and its predicted `central_magnitude`, both (N, C, H x scale, W x scale)."""
        shallow = self.head(x)
        tapped: list[Tensor] = []
        y = shallow
        for index, block in enumerate(self.trunk):
            y = block(y)
            if index + 1 in self.taps:
                tapped.append(y)
        both = torch.cat([self._branch(central_magnitude(x), tapped), shallow + self.close(y)], 1)
        residual, drawn = by_strips(self._end, both, reach=nearest_halo(self.scale, _REACH_AT_OUTPUT)).chunk(2, 1)
        return upsample(x, self.scale) + residual, drawn

    def _end(self, both: Tensor) -> Tensor:
        """Turn features of the branch and of the trunk into the residual and the gradient map, one after the other."""
        of_branch, of_trunk = both.chunk(2, 1)
        branch = self.branch_enlarge(of_branch)
        fused = self.fuse_join(self.fuse(torch.cat([branch, self.enlarge(of_trunk)], 1)))
        residual = self.tail(F.leaky_relu(self.high(fused), 0.2))
        return torch.cat([residual, self.map(branch)], 1)

    def _branch(self, gradient: Tensor, tapped: list[Tensor]) -> Tensor:
        stem: Tensor = self.branch_head(gradient)
        y = stem
        for block, join, tap in zip(self.branch_blocks, self.branch_joins, tapped, strict=True):
            y = join(block(torch.cat([y, tap], 1)))
        closed: Tensor = self.branch_close(y)
        return stem + closed


def _enlarger(width: int, scale: int) -> nn.Sequential:
    steps: list[nn.Module] = [NearestDoubling(width) for _ in range(doublings(scale))]
    return nn.Sequential(*steps, conv(width, width), nn.LeakyReLU(0.2), conv(width, width))

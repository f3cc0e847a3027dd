"""Residual attention blocks, alone and at three scales: what SINSR is built of."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.networks.blocks import conv

SHRINKS = (2, 4)
"""Of the two smaller scales."""


class ResidualAttentionBlock(nn.Module):
    """Two convolutions, weighed pixel by pixel, and the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = conv(width, width), conv(width, width, gain=0.1)
        self.squeeze, self.weigh = conv(width, width // 4, size=1), conv(width // 4, width, size=1, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        y = self.second(F.leaky_relu(self.first(x), 0.2))
        weight = torch.sigmoid(self.weigh(F.relu(self.squeeze(y))))
        result: Tensor = x + 2 * weight * y
        return result


class ThreeScales(nn.Module):
    """The same picture at 1, 1/2 and 1/4 of the size, through blocks of its own each, joined."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.at_full, self.at_half, self.at_quarter = (_blocks(width, blocks) for _ in range(3))
        self.join = conv(3 * width, width, size=1, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape; H and W are multiples of 4."""
        small = [
            F.interpolate(branch(F.avg_pool2d(x, shrink)), scale_factor=shrink, mode="bilinear", align_corners=False)
            for branch, shrink in zip((self.at_half, self.at_quarter), SHRINKS, strict=True)
        ]
        y: Tensor = self.join(torch.cat([self.at_full(x), *small], 1))
        return x + y


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[ResidualAttentionBlock(width) for _ in range(count)])

"""SINSR: structure-informed super-resolution with three scales, attention and, in SINSR-GB, a gradient branch.

After aaivu/CSM-SR (2024): residual blocks at 1, 1/2 and 1/4 of the size, residual attention blocks, and a branch that
learns the gradient map of the enlarged image. Deviations: all features come from the low-resolution input (the released
code looked at the reference); attention is local, so that tiles are exact; the branch is fused at low resolution and
draws its map only in training; and a final back-projection (Irani and Peleg, 1991) makes the output, when reduced,
agree with the input.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.reach import doublings, nearest_halo
from sem_models.config.networks.sinsr import SHRINKS, TAPS, SINSRConfig
from sem_models.networks.blocks import DirectEnlargement, NearestDoubling, conv
from sem_models.networks.strips import by_strips
from sem_models.physics.downsampling import back_project, upsample
from sem_models.physics.gradient import central_magnitude

_MAP_WIDTH = 16


class GradientBranch(nn.Module):
    """Processes the gradient map of the input alongside the trunk, and draws that of the output."""

    def __init__(self, config: SINSRConfig) -> None:
        super().__init__()
        width = config.width
        self.head = conv(config.channels, width)
        self.joins = nn.ModuleList(conv(2 * width, width) for _ in range(TAPS))
        self.blocks = nn.ModuleList(ResidualAttentionBlock(width) for _ in range(TAPS))
        self.enlarge = DirectEnlargement(width, _MAP_WIDTH, config.scale)
        self.map = conv(_MAP_WIDTH, config.channels, gain=0.1)

    def forward(self, x: Tensor, tapped: list[Tensor]) -> Tensor:
        """Compute features (N, width, H, W) from the input (N, C, H, W) and features tapped from the trunk."""
        y: Tensor = self.head(central_magnitude(x))
        for join, block, tap in zip(self.joins, self.blocks, tapped, strict=True):
            y = block(y + join(torch.cat([y, tap], 1)))
        return y

    def draw(self, features: Tensor) -> Tensor:
        """Draw the gradient map of the enlarged image, (N, C, H x scale, W x scale)."""
        drawn: Tensor = self.map(F.leaky_relu(self.enlarge(features), 0.2))
        return drawn


class SINSR(nn.Module):
    """Three scales, a trunk with attention, an optional gradient branch, nearest doublings and back-projection."""

    def __init__(self, config: SINSRConfig) -> None:
        super().__init__()
        self.scale, self.taps, self.projection = config.scale, config.taps, config.back_projection
        width = config.width
        self.head = conv(config.channels, width)
        self.scales = ThreeScales(width, config.scale_blocks)
        self.trunk = nn.ModuleList(ResidualAttentionBlock(width) for _ in range(config.blocks))
        self.close = conv(width, width)
        self.branch = GradientBranch(config) if config.gradient_branch else None
        self.fuse = conv(2 * width, width, gain=0.1) if config.gradient_branch else None
        # Nearest instead of pixel shuffle, whose phases draw a grid into flat areas under a perceptual loss.
        doubling = [NearestDoubling(config.high_width) for _ in range(doublings(config.scale))]
        self.enlarge = nn.Sequential(conv(width, config.high_width), *doubling)
        self.high = conv(config.high_width, config.high_width)
        self.tail = conv(config.high_width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale); H and W are multiples of 4."""
        return self._image(x)[0]

    def with_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the image and its predicted `central_magnitude`, both (N, C, H x scale, W x scale)."""
        image, features = self._image(x)
        if self.branch is None or features is None:
            raise RuntimeError("this SINSR has no gradient branch")
        return image, self.branch.draw(features)

    def _image(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        shallow = self.head(x)
        y = self.scales(shallow)
        tapped: list[Tensor] = []
        for index, block in enumerate(self.trunk):
            y = block(y)
            if index + 1 in self.taps:
                tapped.append(y)
        y = shallow + self.close(y)
        branch = self.branch(x, tapped) if self.branch is not None else None
        if self.fuse is not None and branch is not None:
            y = y + self.fuse(torch.cat([y, branch], 1))
        residual = by_strips(self._residual, y, reach=nearest_halo(self.scale, 2) + 1)
        return self._project(upsample(x, self.scale) + residual, x), branch

    def _residual(self, y: Tensor) -> Tensor:
        residual: Tensor = self.tail(F.leaky_relu(self.high(self.enlarge(y)), 0.2))
        return residual

    def _project(self, image: Tensor, x: Tensor) -> Tensor:
        return image if self.projection is None else back_project(image, x, self.scale, self.projection)


class ResidualAttentionBlock(nn.Module):
    """Two convolutions with an attention weight for each pixel, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = conv(width, width), conv(width, width, gain=0.1)
        self.squeeze, self.weigh = conv(width, width // 4, size=1), conv(width // 4, width, size=1, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y = self.second(F.leaky_relu(self.first(x), 0.2))
        weight = torch.sigmoid(self.weigh(F.relu(self.squeeze(y))))
        result: Tensor = x + 2 * weight * y
        return result


class ThreeScales(nn.Module):
    """Blocks at 1, 1/2 and 1/4 of the size, each with its own weights; their outputs are joined."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.at_full, self.at_half, self.at_quarter = (_blocks(width, blocks) for _ in range(3))
        self.join = conv(3 * width, width, size=1, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape; H and W are multiples of 4."""
        small = [
            F.interpolate(branch(F.avg_pool2d(x, shrink)), scale_factor=shrink, mode="bilinear", align_corners=False)
            for branch, shrink in zip((self.at_half, self.at_quarter), SHRINKS, strict=True)
        ]
        y: Tensor = self.join(torch.cat([self.at_full(x), *small], 1))
        return x + y


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[ResidualAttentionBlock(width) for _ in range(count)])

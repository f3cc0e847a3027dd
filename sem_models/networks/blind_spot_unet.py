"""Blind-spot U-Net (Laine, Karras, Lehtinen and Aila, NeurIPS 2019): no output pixel depends on its own input pixel.

Every convolution reads upwards only, and features are moved down by one row before each pooling and at the end, so that
they depend on the rows above alone. The image is passed through these weights in four orientations, and 1 x 1
convolutions combine what was seen above, below, to the left and to the right. Without the last two, no output pixel
depends on any pixel of its row. Inside, the U-Net is that of CARE; the paper's is deeper.

The output is a Gaussian for the *recorded* pixel: its variance is that of the clean pixel, given its surroundings, plus
that of the noise, so training need not know the noise. Only the mean is used when the network is applied.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.blind_spot_unet import BlindSpotUNetConfig
from sem_models.networks.blocks import conv

_SLOPE = 0.1
_LOG_VARIANCE = -4.0
"""Before training: a standard deviation of 0.14, because from 1 down to that of usual noise takes hundreds of steps."""


class UpwardConv(nn.Module):
    """A 3 x 3 convolution that reads its own row and the two above, then a leaky ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = conv(before, after, slope=_SLOPE)
        self.conv.padding = (0, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H, W)."""
        return F.leaky_relu(self.conv(F.pad(x, (1, 1, 2, 0))), _SLOPE)


class UpperHalfPlane(nn.Module):
    """A U-Net whose features depend on the rows above alone."""

    def __init__(self, channels: int, depth: int, width: int) -> None:
        super().__init__()
        widths = [width << level for level in range(depth + 1)]
        befores, handed = [channels, *widths[:-2]], [width, *widths[:-1]]
        self.down = nn.ModuleList(
            _double(before, after, after) for before, after in zip(befores, widths[:-1], strict=True)
        )
        self.bottom = _double(widths[-2], widths[-1], handed[-1])
        self.up = nn.ModuleList(_double(2 * widths[level], widths[level], handed[level]) for level in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, width, H, W); H and W are multiples of 2^depth."""
        skips: list[Tensor] = []
        for convolutions in self.down:
            x = convolutions(x)
            skips.append(x)
            x = F.max_pool2d(_moved_down(x), 2)
        x = self.bottom(x)
        for level in reversed(range(len(skips))):
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = self.up[level](torch.cat([skips[level], x], 1))
        return _moved_down(x)


class BlindSpotUNet(nn.Module):
    """Mean and variance of each recorded pixel, given all others, or all others but those of its row."""

    def __init__(self, config: BlindSpotUNetConfig) -> None:
        super().__init__()
        self.channels, self.excludes = config.channels, config.excludes
        self.half_plane = UpperHalfPlane(config.channels, config.depth, config.width)
        joined = config.half_planes * config.width
        self.join = nn.Sequential(
            conv(joined, joined, 1, slope=_SLOPE),
            nn.LeakyReLU(_SLOPE),
            conv(joined, config.width, 1, slope=_SLOPE),
            nn.LeakyReLU(_SLOPE),
            _to_moments(config.width, config.channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean alone: map (N, C, H, W) in [0, 1] to the same shape; H and W are multiples of 2^depth."""
        return self.moments(x)[0]

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the logarithm of the variance, float32 of the shape of (N, C, H, W) `x`."""
        seen = self._above_and_below(x)
        if self.excludes == "pixel":
            beside = self._above_and_below(x.transpose(2, 3)).transpose(2, 3)
            seen = torch.cat([seen, beside], 1)
        output = self.join(seen).float()
        return output[:, : self.channels], output[:, self.channels :]

    def _above_and_below(self, x: Tensor) -> Tensor:
        above, below = self.half_plane(torch.cat([x, x.flip(2)])).chunk(2)
        return torch.cat([above, below.flip(2)], 1)


def _to_moments(width: int, channels: int) -> nn.Conv2d:
    """Build the last layer: means first, then logarithms of variances."""
    layer = conv(width, 2 * channels, 1, gain=0.1, slope=1)
    if layer.bias is not None:
        nn.init.constant_(layer.bias[channels:], _LOG_VARIANCE)
    return layer


def _moved_down(x: Tensor) -> Tensor:
    """Move (N, C, H, W) down by one row; the first becomes 0."""
    return F.pad(x, (0, 0, 1, 0))[:, :, :-1]


def _double(before: int, middle: int, after: int) -> nn.Sequential:
    return nn.Sequential(UpwardConv(before, middle), UpwardConv(middle, after))

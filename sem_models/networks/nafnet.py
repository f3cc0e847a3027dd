"""NAFNet: a U-shaped restoration network without activation functions (Chen et al., Simple Baselines, ECCV 2022).

The published channel attention averages over the whole input: a patch in training, a micrograph or a tile at inference.
We adopt the remedy of Chu et al. (TLC, ECCV 2022, section 4) and average over a window around each pixel, which is
moved inwards at edges. Unlike theirs, the window belongs to the network and is used in training as well. If it is at
least as large as the patch, training is as published; if it is smaller, the network trains on the averages that it
meets later.
The receptive field is therefore finite, and an image gives the same result in tiles as in one piece.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.networks.blocks import conv


class NAFNet(nn.Module):
    """Encoder, middle and decoder of gated blocks with additive skips; the output is the input plus a correction."""

    def __init__(self, config: NAFNetConfig) -> None:
        super().__init__()
        self.fold = config.fold
        channels = config.channels * config.fold**2
        self.head = conv(channels, config.width, slope=1)
        self.encoder, self.shrink = nn.ModuleList(), nn.ModuleList()
        self.decoder, self.enlarge = nn.ModuleList(), nn.ModuleList()
        width, window = config.width, config.window // config.fold
        for blocks in config.encoder:
            self.encoder.append(_blocks(blocks, width, window))
            self.shrink.append(nn.Conv2d(width, 2 * width, 2, stride=2))
            width, window = 2 * width, window // 2
        self.middle = _blocks(config.middle, width, window)
        for blocks in config.decoder:
            self.enlarge.append(nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2)))
            width, window = width // 2, 2 * window
            self.decoder.append(_blocks(blocks, width, window))
        # Small weights, so that an untrained network almost returns its input.
        self.tail = conv(config.width, channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to the same shape; H and W are multiples of fold x 2^levels."""
        y = self.head(F.pixel_unshuffle(x, self.fold))
        skips: list[Tensor] = []
        for level, shrink in zip(self.encoder, self.shrink, strict=True):
            y = level(y)
            skips.append(y)
            y = shrink(y)
        y = self.middle(y)
        for level, enlarge in zip(self.decoder, self.enlarge, strict=True):
            y = level(skips.pop() + enlarge(y))
        residual: Tensor = F.pixel_shuffle(self.tail(y), self.fold)
        return x + residual


def _blocks(count: int, width: int, window: int) -> nn.Sequential:
    return nn.Sequential(*[NAFBlock(width, window) for _ in range(count)])


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        if torch.compiler.is_exporting():
            return self._without_permutation(x)
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def _without_permutation(self, x: Tensor) -> Tensor:
        """Do the same for other programs, to which each permutation means a copy of all features."""
        centred = x - x.mean(1, keepdim=True)
        deviation = torch.rsqrt((centred * centred).mean(1, keepdim=True) + self.eps)
        return centred * deviation * self.weight[:, None, None] + self.bias[:, None, None]


class NAFBlock(nn.Module):
    """Depthwise convolution, gate and channel attention, then a gated pair of 1 x 1 convolutions; each starts at 0."""

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.norm1, self.norm2 = ChannelNorm(width, eps=1e-6), ChannelNorm(width, eps=1e-6)
        self.widen, self.spread = nn.Conv2d(width, 2 * width, 1), _depthwise(2 * width)
        self.attention, self.narrow = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.feed, self.close = nn.Conv2d(width, 2 * width, 1), nn.Conv2d(width, width, 1)
        self.beta = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y = gate(self.spread(self.widen(self.norm1(x))))
        y = y * self.attention(local_mean(y, self.window))
        x = x + self.beta * self.narrow(y)
        y = self.close(gate(self.feed(self.norm2(x))))
        result: Tensor = x + self.gamma * y
        return result


def gate(x: Tensor) -> Tensor:
    """Multiply one half of the channels by the other, (N, 2 C, H, W) to (N, C, H, W), instead of an activation."""
    one, other = x.chunk(2, 1)
    return one * other


def local_mean(x: Tensor, window: int) -> Tensor:
    """Average (N, C, H, W) over window x window pixels around each pixel; at edges the window is moved inwards.

    The window is a power of two. An axis that is not longer than the window has a single mean and is returned with
    length 1, for broadcasting.
    """
    for axis in (2, 3):
        x = x.mean(axis, keepdim=True) if x.shape[axis] <= window else _running_mean(x, window, axis)
    return x


def _running_mean(x: Tensor, window: int, axis: int) -> Tensor:
    before = (window - 1) // 2
    after = window - 1 - before
    if torch.compiler.is_exporting():
        # Other programs pool within the caches of the processor; every slice would be a copy of all features.
        down = axis == 2
        pooled = F.avg_pool2d(x, (window, 1) if down else (1, window), stride=1)
        return F.pad(pooled, (0, 0, before, after) if down else (before, after, 0, 0), mode="replicate")
    # Sums of sums, because differences of running sums would spread rounding errors along the whole line.
    step = 1
    while step < window:
        left = x.shape[axis] - step
        x = x.narrow(axis, 0, left) + x.narrow(axis, step, left)
        step *= 2
    x = x / window
    first, last = x.narrow(axis, 0, 1), x.narrow(axis, -1, 1)
    return torch.cat([*[first] * before, x, *[last] * after], axis)


def _depthwise(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, padding=1, groups=width)

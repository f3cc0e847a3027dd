"""NAFNet: a U-shaped restorer without activation functions (Chen et al., Simple Baselines, ECCV 2022).

Its channel attention averages over all it is given, a patch in training and the micrograph or a tile in use. We take
the cure of Chu et al. (TLC, ECCV 2022, section 4): the mean of a window around each pixel, moved inwards at edges.
Unlike theirs the window belongs to the network and holds in training too: where it is no smaller than the patch,
both are the published mean over the patch, and where it is smaller the network learns what it will meet. So the
receptive field is finite, and an image gives the same in tiles as in one piece.
"""

import torch
from torch import Tensor, nn

from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.networks.blocks import conv


class NAFNet(nn.Module):
    """Encoder, middle and decoder of gated blocks; skips are added, and so is the input at the end."""

    def __init__(self, config: NAFNetConfig) -> None:
        super().__init__()
        self.head = conv(config.channels, config.width, slope=1)
        self.encoder, self.shrink = nn.ModuleList(), nn.ModuleList()
        self.decoder, self.enlarge = nn.ModuleList(), nn.ModuleList()
        width, window = config.width, config.window
        for blocks in config.encoder:
            self.encoder.append(_blocks(blocks, width, window))
            self.shrink.append(nn.Conv2d(width, 2 * width, 2, stride=2))
            width, window = 2 * width, window // 2
        self.middle = _blocks(config.middle, width, window)
        for blocks in config.decoder:
            self.enlarge.append(nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.PixelShuffle(2)))
            width, window = width // 2, 2 * window
            self.decoder.append(_blocks(blocks, width, window))
        # Small, so that an untrained network nearly gives its input.
        self.tail = conv(config.width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to the same shape; H and W are multiples of 2^levels."""
        y = self.head(x)
        skips: list[Tensor] = []
        for level, shrink in zip(self.encoder, self.shrink, strict=True):
            y = level(y)
            skips.append(y)
            y = shrink(y)
        y = self.middle(y)
        for level, enlarge in zip(self.decoder, self.enlarge, strict=True):
            y = level(skips.pop() + enlarge(y))
        residual: Tensor = self.tail(y)
        return x + residual


def _blocks(count: int, width: int, window: int) -> nn.Sequential:
    return nn.Sequential(*[NAFBlock(width, window) for _ in range(count)])


class ChannelNorm(nn.LayerNorm):
    """Layer norm of each pixel over its channels."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class NAFBlock(nn.Module):
    """Depthwise convolution, gate, channel attention, then a gated pair of 1 x 1 convolutions; they start at zero."""

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
        """(N, width, H, W) to the same shape."""
        y = gate(self.spread(self.widen(self.norm1(x))))
        y = y * self.attention(local_mean(y, self.window))
        x = x + self.beta * self.narrow(y)
        y = self.close(gate(self.feed(self.norm2(x))))
        result: Tensor = x + self.gamma * y
        return result


def gate(x: Tensor) -> Tensor:
    """(N, 2 C, H, W) to (N, C, H, W): the one half times the other, in place of an activation function."""
    one, other = x.chunk(2, 1)
    return one * other


def local_mean(x: Tensor, window: int) -> Tensor:
    """Mean over window x window pixels around each of (N, C, H, W); at edges the window is moved inwards.

    The window is a power of two. An axis no longer than it has one mean and comes back with length 1, to be broadcast.
    """
    for axis in (2, 3):
        x = x.mean(axis, keepdim=True) if x.shape[axis] <= window else _running_mean(x, window, axis)
    return x


def _running_mean(x: Tensor, window: int, axis: int) -> Tensor:
    length = x.shape[axis]
    # Means of means, as differences of running sums would let rounding errors travel along the whole line.
    step = 1
    while step < window:
        left = x.shape[axis] - step
        x = (x.narrow(axis, 0, left) + x.narrow(axis, step, left)) / 2
        step *= 2
    start = (torch.arange(length, device=x.device) - (window - 1) // 2).clamp(0, length - window)
    return x.index_select(axis, start)


def _depthwise(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, padding=1, groups=width)

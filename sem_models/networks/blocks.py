"""Convolutions and the anti-aliased halving that several networks share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv(before: int, after: int, size: int = 3, gain: float = 1.0, slope: float = 0.2) -> nn.Conv2d:
    """A same-size convolution with He weights for a leaky ReLU of `slope`, multiplied by `gain`; bias 0."""
    layer = nn.Conv2d(before, after, size, padding=size // 2)
    nn.init.kaiming_normal_(layer.weight, a=slope)
    layer.weight.data.mul_(gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def shuffle_conv(width: int, slope: float = 0.2) -> nn.Conv2d:
    """For a doubling by pixel shuffle: from `width` to four times as many features, the phases of a pixel equal."""
    return with_equal_phases(conv(width, 4 * width, slope=slope), 4)


def with_equal_phases(layer: nn.Conv2d, phases: int) -> nn.Conv2d:
    """The weights of the first of each pixel's `phases` for all: no checkerboard (Aitken et al., 2017, ICNR)."""
    layer.weight.data.copy_(layer.weight.data[::phases].repeat_interleave(phases, dim=0))
    return layer


class DirectEnlargement(nn.Module):
    """One convolution and one pixel shuffle by the whole scale: nearly all work stays at low resolution."""

    def __init__(self, width: int, after: int, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.conv = with_equal_phases(conv(width, scale**2 * after), scale**2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to (N, after, H x scale, W x scale)."""
        return F.pixel_shuffle(self.conv(x), self.scale)


class NearestDoubling(nn.Module):
    """Each pixel four times, a convolution, a leaky ReLU of 0.2."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to (N, width, 2 H, 2 W)."""
        return F.leaky_relu(self.conv(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)


_HALVING_TAPS = (1 / 8, 3 / 8, 3 / 8, 1 / 8)


def halve(x: Tensor) -> Tensor:
    """(N, C, H, W) of even size to (N, C, H / 2, W / 2): the binomial (1 2 1) / 4, then the mean of each 2 x 2 block.

    Both in one pass with the taps (1 3 3 1) / 8 a side, which do not shift the image; edges are repeated outwards.
    """
    channels = x.shape[1]
    taps = torch.tensor(_HALVING_TAPS, dtype=x.dtype, device=x.device)
    kernel = (taps[:, None] * taps[None, :]).expand(channels, 1, 4, 4)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, stride=2, groups=channels)

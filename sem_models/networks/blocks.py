"""Convolutions and the anti-aliased halving that several networks share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.networks.thin_conv import ThinConv2d


def conv(before: int, after: int, size: int = 3, gain: float = 1.0, slope: float = 0.2) -> nn.Conv2d:
    """Return a same-size convolution with He initialisation for a leaky ReLU of `slope`, times `gain`, and bias 0."""
    kind = ThinConv2d if after == 1 else nn.Conv2d
    layer = kind(before, after, size, padding=size // 2)
    nn.init.kaiming_normal_(layer.weight, a=slope)
    layer.weight.data.mul_(gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def shuffle_conv(width: int, slope: float = 0.2) -> nn.Conv2d:
    """Return a convolution from `width` to 4 `width` features for a doubling by pixel shuffle, with equal phases."""
    return with_equal_phases(conv(width, 4 * width, slope=slope), 4)


def with_equal_phases(layer: nn.Conv2d, phases: int) -> nn.Conv2d:
    """Copy the weights of the first phase of each pixel to all, against checkerboards (ICNR; Aitken et al., 2017)."""
    layer.weight.data.copy_(layer.weight.data[::phases].repeat_interleave(phases, dim=0))
    return layer


class DirectEnlargement(nn.Module):
    """One convolution and one pixel shuffle by the whole scale, so that nearly all work is at low resolution."""

    def __init__(self, width: int, after: int, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.conv = with_equal_phases(conv(width, scale**2 * after), scale**2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to (N, after, H x scale, W x scale)."""
        return F.pixel_shuffle(self.conv(x), self.scale)


class NearestDoubling(nn.Module):
    """Nearest-neighbour doubling, a convolution, and a leaky ReLU with slope 0.2."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to (N, width, 2 H, 2 W)."""
        return F.leaky_relu(self.conv(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)


_HALVING_TAPS = (1 / 8, 3 / 8, 3 / 8, 1 / 8)


def halve(x: Tensor) -> Tensor:
    """Halve (N, C, H, W) of even size: the binomial filter (1 2 1) / 4, then the mean of each 2 x 2 block.

    Both are done in one pass with the taps (1 3 3 1) / 8 along each axis, which do not shift the image. Edges are
    replicated.
    """
    channels = x.shape[1]
    taps = torch.tensor(_HALVING_TAPS, dtype=x.dtype, device=x.device)
    kernel = (taps[:, None] * taps[None, :]).expand(channels, 1, 4, 4)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, stride=2, groups=channels)

"""The generator of CycleGAN (Zhu et al., ICCV 2017, appendix 7.2; blocks of Johnson et al., ECCV 2016).

Deviations: intensities are in [0, 1] outside and in [-1, 1] inside the network; nearest-neighbour doublings and a
residual form, which starts near the identity, are offered as alternatives.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from sem_models.config.networks.resnet_generator import ResNetConfig
from sem_models.networks.pooled_norm import PooledInstanceNorm
from sem_models.networks.thin_conv import ThinConv2d

_SPREAD = 0.02


class ReflectedConv(nn.Module):
    """A same-size convolution with reflection at the edges."""

    def __init__(self, before: int, after: int, size: int) -> None:
        super().__init__()
        kind = ThinConv2d if 1 in (before, after) else nn.Conv2d
        self.conv, self.pad = kind(before, after, size), size // 2

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H, W)."""
        # Reflection does not repeat the edge itself, so the image must have more pixels than are added.
        mode = "reflect" if min(x.shape[2:]) > self.pad else "replicate"
        y: Tensor = self.conv(F.pad(x, (self.pad,) * 4, mode=mode))
        return y


class ResidualBlock(nn.Module):
    """Convolution, norm, ReLU, convolution and norm, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = ReflectedConv(width, width, 3), ReflectedConv(width, width, 3)
        self.norm_first, self.norm_second = PooledInstanceNorm(), PooledInstanceNorm()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y: Tensor = self.norm_second(self.second(F.relu(self.norm_first(self.first(x)))))
        return x + y


class ResNetGenerator(nn.Module):
    """Two halvings, residual blocks, two doublings; every convolution but the last is normalised."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        width, self.residual = config.width, config.residual
        self.layers = nn.Sequential(
            *_normalised(ReflectedConv(config.channels_in, width, 7)),
            *_normalised(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)),
            *_normalised(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1)),
            *(ResidualBlock(4 * width) for _ in range(config.blocks)),
            *_doubling(4 * width, config.upsampling),
            *_doubling(2 * width, config.upsampling),
        )
        self.tail = ReflectedConv(width, config.channels_out, 7)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, std=_SPREAD)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        if config.residual:
            self.tail.conv.weight.data.mul_(1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C', H, W) in [0, 1]; H and W are multiples of 4."""
        y: Tensor = self.tail(self.layers(2 * x - 1))
        return x + y / 2 if self.residual else (y.tanh() + 1) / 2


def _normalised(layer: nn.Module) -> list[nn.Module]:
    return [layer, PooledInstanceNorm(), nn.ReLU()]


def _doubling(width: int, upsampling: str) -> list[nn.Module]:
    """Build a doubling of the size from `width` to half as many features."""
    if upsampling == "transposed":
        return _normalised(nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1))
    return [nn.Upsample(scale_factor=2.0), *_normalised(nn.Conv2d(width, width // 2, 3, padding=1))]

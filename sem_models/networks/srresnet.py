"""SRResNet without batch norm (Ledig et al., CVPR 2017; the baseline form of Wang et al., ESRGAN, 2018).

Deviation: the long skip is bicubic, not bilinear, so that an untrained network starts at the bicubic baseline.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from sem_models.config.networks.reach import doublings, shuffle_halo
from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.networks.blocks import conv, shuffle_conv
from sem_models.networks.strips import by_strips
from sem_models.physics.downsampling import upsample

_SLOPE = 0.1


def _conv(before: int, after: int, gain: float = 1.0) -> nn.Conv2d:
    return conv(before, after, gain=gain, slope=_SLOPE)


class ResidualBlock(nn.Module):
    """Two convolutions added to the input; without batch norm, their weights must start at a tenth."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width, gain=0.1)
        self.second = _conv(width, width, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y: Tensor = self.second(F.relu(self.first(x)))
        return x + y


class SRResNet(nn.Module):
    """A residual trunk at input resolution, then doublings by pixel shuffle."""

    def __init__(self, config: SRResNetConfig) -> None:
        super().__init__()
        self.scale = config.scale
        width = config.width
        self.head = _conv(config.channels, width)
        self.trunk = nn.Sequential(*[ResidualBlock(width) for _ in range(config.blocks)])
        self.enlarge = nn.ModuleList(shuffle_conv(width, _SLOPE) for _ in range(doublings(config.scale)))
        self.high = _conv(width, width)
        self.tail = _conv(width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale)."""
        features = self.trunk(F.leaky_relu(self.head(x), _SLOPE))
        return upsample(x, self.scale) + by_strips(self._residual, features, reach=shuffle_halo(self.scale, 2))

    def _residual(self, y: Tensor) -> Tensor:
        for doubling in self.enlarge:
            y = F.leaky_relu(F.pixel_shuffle(doubling(y), 2), _SLOPE)
        residual: Tensor = self.tail(F.leaky_relu(self.high(y), _SLOPE))
        return residual

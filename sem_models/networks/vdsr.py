"""VDSR: a deep plain network that corrects a bicubic enlargement (Kim, Lee and Lee, CVPR 2016).

Deviation: the enlargement happens inside the network, so that every super-resolution network takes the
low-resolution micrograph. Scales are trained one at a time.
"""

from itertools import pairwise

from torch import Tensor, nn

from sem_models.config.networks.vdsr import VDSRConfig
from sem_models.physics.downsampling import upsample


class VDSR(nn.Module):
    """Enlarges the input and adds a learned residual."""

    def __init__(self, config: VDSRConfig) -> None:
        super().__init__()
        self.scale = config.scale
        widths = [config.channels, *[config.width] * (config.depth - 1), config.channels]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.ReLU(inplace=True)]
        self.body = nn.Sequential(*layers[:-1])
        for layer in self.body:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        last = self.body[-1]
        assert isinstance(last, nn.Conv2d)  # noqa: S101
        nn.init.normal_(last.weight, std=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale)."""
        enlarged = upsample(x, self.scale)
        residual: Tensor = self.body(enlarged)
        return enlarged + residual

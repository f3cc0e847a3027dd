"""The generator of pix2pix: a U-Net whose innermost level sees the whole patch (Isola et al., CVPR 2017, appendix 6.1).

Where the authors' released code differs from the paper, this follows the code: there is dropout in the blocks with
8 x width features after the innermost one. Deviations: intensities are in [0, 1] outside and in [-1, 1] inside the
network; nearest-neighbour doublings and instance norm are offered as alternatives. The original keeps dropout and batch
statistics at inference. Here a trained model is applied in evaluation mode, without dropout and with the running
statistics of batch norm, so that the same input always gives the same output.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.pix2pix import Pix2PixConfig
from sem_models.networks.pooled_norm import PooledInstanceNorm
from sem_models.networks.thin_conv import ThinConv2d

_SPREAD = 0.02


class Pix2Pix(nn.Module):
    """A U-Net of halvings and doublings, with a skip from each level to the doubling of the same size."""

    def __init__(self, config: Pix2PixConfig) -> None:
        super().__init__()
        widths = [config.channels_in, *(config.width * min(2**level, 8) for level in range(config.levels))]
        last = config.levels - 1
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, after, 4, stride=2, padding=1, bias=config.norm == "instance"),
                *([] if level in (0, last) else [_norm(config, after)]),
            )
            for level, (before, after) in enumerate(pairwise(widths))
        )
        self.up = nn.ModuleList(_block(config, widths, level) for level in range(1, config.levels))
        self.rise: nn.Module | None = None
        if config.finish == "convolutions":
            self.rise = _doubling(config, 2 * widths[1], config.width, bias=True)
            self.tail: nn.Module = _fine(config)
        else:
            self.tail = _doubling(config, 2 * widths[1], config.channels_out, bias=True)
        self.apply(_start)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C', H, W) in [0, 1]; H and W are multiples of 2^levels.

        A patch of the smallest size works in training as well: its innermost level, a single pixel, is not normalised.
        """
        y = begin = 2 * x - 1
        levels: list[Tensor] = []
        for index, halving in enumerate(self.down):
            y = halving(F.leaky_relu(y, 0.2) if index else y)
            levels.append(y)
        y = levels.pop()
        for doubling in reversed(self.up):
            y = torch.cat([levels.pop(), doubling(F.relu(y))], 1)
        y = F.relu(y)
        if self.rise is not None:
            y = torch.cat([F.relu(self.rise(y)), begin], 1)
        # In bf16 the output would have coarser steps than an 8-bit image.
        image: Tensor = (self.tail(y).float().tanh() + 1) / 2
        return image


def _block(config: Pix2PixConfig, widths: list[int], level: int) -> nn.Sequential:
    """Build the block from the features after `level` + 1 halvings, joined with their skip, to those after `level`."""
    innermost, widest = level + 1 == config.levels, 8 * config.width
    before, after = widths[level + 1] * (1 if innermost else 2), widths[level]
    steps: list[nn.Module] = [
        _doubling(config, before, after, bias=config.norm == "instance"),
        _norm(config, after),
    ]
    if config.dropout and not innermost and widths[level + 1] == after == widest:
        steps.append(nn.Dropout(config.dropout))
    return nn.Sequential(*steps)


def _doubling(config: Pix2PixConfig, before: int, after: int, bias: bool) -> nn.Module:
    if config.upsampling == "transposed":
        return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=bias)
    return nn.Sequential(nn.Upsample(scale_factor=2.0), nn.Conv2d(before, after, 3, padding=1, bias=bias))


def _fine(config: Pix2PixConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(config.width + config.channels_in, config.width, 3, padding=1),
        nn.LeakyReLU(0.2),
        (ThinConv2d if config.channels_out == 1 else nn.Conv2d)(config.width, config.channels_out, 3, padding=1),
    )


def _norm(config: Pix2PixConfig, width: int) -> nn.Module:
    return nn.BatchNorm2d(width) if config.norm == "batch" else PooledInstanceNorm()


def _start(layer: nn.Module) -> None:
    """Initialise weights as in appendix 6.2 of the paper; those of batch norm around one, as in the released code."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, _SPREAD)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

"""The generator of pix2pix: a U-Net whose innermost level sees the whole patch (Isola et al., CVPR 2017, appendix 6.1).

After the authors' released code, where that differs from the paper: dropout in the blocks of 8 x width features behind
the innermost one. Deviations: intensities are in [0, 1] outside and in [-1, 1] inside; nearest doublings and instance
norm are offered beside the original. The original keeps dropout and batch statistics at inference; here a trained
model is applied in evaluation mode (`eval()`): no dropout, the running statistics of batch norm, the same output for
the same input.
"""

from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sem_models.networks.capabilities import Capabilities
from sem_models.networks.grids import Interval, farthest, halved_from
from sem_models.networks.pooled_norm import PooledInstanceNorm

_SPREAD = 0.02


class Pix2PixConfig(BaseModel):
    """The paper's U-Net-256: 8 levels, width 64. U-Net-128: 7 levels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["pix2pix"] = "pix2pix"
    channels_in: int = Field(1, ge=1)
    channels_out: int = Field(1, ge=1)
    levels: int = Field(8, ge=2, le=10)
    """Halvings; images are padded to multiples of 2 to the power of it."""
    width: int = Field(64, ge=1)
    """Features after the first halving; they double with every further one up to eight times as many."""
    norm: Literal["batch", "instance"] = "batch"
    """Instance norm has no memory of other images, which suits single images a step."""
    dropout: float = Field(0.5, ge=0, lt=1)
    upsampling: Literal["transposed", "resize"] = "transposed"
    """Resize: nearest doubling and a 3 x 3 convolution, against checkerboards (Odena et al., Distill 2016)."""
    finish: Literal["doubling", "convolutions"] = "doubling"
    """Doubling: the last one gives the image, as published. Convolutions: its features join the input and pass two
    convolutions of 3 x 3. A resized doubling alone cannot draw anything finer than 4 px, and a discriminator that asks
    for fine texture gets a weave of that period instead."""


class Pix2Pix(nn.Module):
    """Halvings, doublings, and a skip from each level to the doubling that gives its size."""

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
        """(N, C, H, W) in [0, 1] to (N, C', H, W) in [0, 1]; H and W are multiples of 2^levels.

        The smallest patch of a training has that size too: its innermost level is one pixel, which is not normalised.
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
        # In bf16 the steps of the output would be coarser than those of an 8-bit image.
        image: Tensor = (self.tail(y).float().tanh() + 1) / 2
        return image


def _block(config: Pix2PixConfig, widths: list[int], level: int) -> nn.Sequential:
    """From the features of `level` + 1 halvings, joined with their skip, to those of `level`."""
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
        nn.Conv2d(config.width, config.channels_out, 3, padding=1),
    )


def _norm(config: Pix2PixConfig, width: int) -> nn.Module:
    return nn.BatchNorm2d(width) if config.norm == "batch" else PooledInstanceNorm()


def _start(layer: nn.Module) -> None:
    """Weights as in the paper, appendix 6.2; those of batch norm around one, as in the released code."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, _SPREAD)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def capabilities(config: Pix2PixConfig) -> Capabilities:
    """Reach of the way through the innermost level, from the output inwards; instance norm with statistics held.

    A transposed doubling reads the pixels from ceil((a - 2) / 2) to floor((b + 1) / 2) for outputs from a to b; so do a
    nearest doubling and a convolution of 3 x 3. A halving of 4 x 4 reads from 2 a - 1 to 2 b + 2. Whole images are
    preferred: the innermost level is there to see what is far away.
    """

    def needed(wanted: Interval) -> Interval:
        if config.finish == "convolutions":
            wanted = wanted[0] - 2, wanted[1] + 2
        for _ in range(config.levels):
            wanted = (wanted[0] - 1) // 2, (wanted[1] + 1) // 2
        for _ in range(config.levels):
            wanted = halved_from(wanted)
        return wanted

    multiple = 2**config.levels
    return Capabilities(
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        scale=1,
        receptive_field=farthest(multiple, needed),
        size_multiple=multiple,
        tiling="discouraged" if config.norm == "batch" else "statistics",
    )

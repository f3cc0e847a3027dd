"""Discriminators, which distinguish real micrographs from restored ones. They exist only during training."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.discriminators import (
    DiscriminatorConfig,
    PatchDiscriminatorConfig,
    StructureDiscriminatorConfig,
    VGGDiscriminatorConfig,
)
from sem_models.networks.blocks import conv
from sem_models.networks.pooled_norm import PooledInstanceNorm


class VGGDiscriminator(nn.Module):
    """The VGG-like discriminator of BasicSR: (N, C, size, size) to (N, 1) logits."""

    def __init__(self, config: VGGDiscriminatorConfig, channels: int) -> None:
        super().__init__()
        widths = [channels, *(config.width * factor for factor in (1, 2, 4, 8, 8))]
        layers: list[nn.Module] = []
        for index, (before, after) in enumerate(pairwise(widths)):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=index == 0)]
            layers += [nn.BatchNorm2d(after)] if index else []
            layers += [nn.LeakyReLU(0.2), nn.Conv2d(after, after, 4, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)
        cells = (config.size // 2 ** (len(widths) - 1)) ** 2
        self.decide = nn.Sequential(nn.Linear(widths[-1] * cells, 100), nn.LeakyReLU(0.2), nn.Linear(100, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return a logit per patch, positive if the patch looks real."""
        decided: Tensor = self.decide(self.features(x).flatten(1))
        return decided


class PatchDiscriminator(nn.Module):
    """PatchGAN: (N, C, H, W) to (N, 1, h, w) logits, one for each overlapping field."""

    def __init__(self, config: PatchDiscriminatorConfig, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, config.width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            *_patch_layers(config.width, config.halvings - 1, config.norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return a logit per field, positive if the field looks real."""
        decided: Tensor = self.layers(x)
        return decided


class StructureDiscriminator(nn.Module):
    """The discriminator of SINSR: (N, C, H, W) to (N, 1, h, w) logits; H and W are multiples of 4."""

    def __init__(self, config: StructureDiscriminatorConfig, channels: int) -> None:
        super().__init__()
        width = config.width
        self.head = nn.Conv2d(channels, width, 3, padding=1)
        self.blocks = nn.ModuleList(_ResidualBlock(width) for _ in range(3))
        self.join = nn.Conv2d(3 * width, width, 1)
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            *_patch_layers(width, config.halvings - 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return a logit per field, positive if the field looks real."""
        y = F.leaky_relu(self.head(x), 0.2)
        scales = [
            F.interpolate(block(F.avg_pool2d(y, shrink)), scale_factor=shrink, mode="nearest")
            if shrink > 1
            else block(y)
            for block, shrink in zip(self.blocks, (1, 2, 4), strict=True)
        ]
        decided: Tensor = self.layers(F.leaky_relu(self.join(torch.cat(scales, 1)), 0.2))
        return decided


class _ResidualBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = conv(width, width), conv(width, width, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(F.leaky_relu(self.first(x), 0.2))
        return x + y


def _patch_layers(width: int, halvings: int, norm: str = "batch") -> list[nn.Module]:
    """Build halvings that double the width up to eightfold, a layer without stride, and a logit for each field."""
    # Only batch norm has its own bias.
    bias = norm != "batch"
    widths = [width * min(2**index, 8) for index in range(halvings + 2)]
    layers: list[nn.Module] = []
    for index, (before, after) in enumerate(pairwise(widths)):
        stride = 2 if index < halvings else 1
        layers += [nn.Conv2d(before, after, 4, stride, padding=1, bias=bias)]
        layers += [nn.BatchNorm2d(after) if norm == "batch" else PooledInstanceNorm(), nn.LeakyReLU(0.2)]
    return [*layers, nn.Conv2d(widths[-1], 1, 4, padding=1)]


DISCRIMINATORS: dict[str, Callable[[Any, int], nn.Module]] = {
    "vgg": VGGDiscriminator,
    "patch": PatchDiscriminator,
    "structure": StructureDiscriminator,
}


def build_discriminator(config: DiscriminatorConfig, shown: int = 1) -> nn.Module:
    """Build an untrained discriminator, which maps (N, C, H, W) in [0, 1] to logits.

    Args:
        config: Settings of the discriminator.
        shown: Number of channels of the images it is shown, used if the settings do not state one.
    """
    channels = config.channels or shown
    return DISCRIMINATORS[config.kind](config, channels)

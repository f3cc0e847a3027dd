"""U-Net (Ronneberger, Fischer and Brox, MICCAI 2015) in the three forms that electron microscopists use.

- `care`: CARE and Noise2Void (Weigert et al., 2018; Krull, Buchholz and Jug, CVPR 2019). Plain convolutions, max
  pooling, pixels repeated on the way up. The second convolution of a level narrows to what the level above has.
- `n2v2`: the same without skip at the finest level and with `halve` in place of max pooling (Höck et al., ECCV
  Workshops 2022): both keep single noisy pixels, and with them checkerboards, out of the output.
- `batch-norm`: two convolutions with batch norm and without bias a level, transposed convolutions up; with depth 4
  and width 64 the network of Petrography2SEM (Amrollahinasab and Rabbani, 2023), whose last layer is a logit: head
  `sigmoid` gives its probability, which the loss `bce` takes.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from sem_models.networks.blocks import conv
from sem_models.networks.capabilities import Capabilities
from sem_models.networks.grids import (
    Interval,
    blocks_of_two,
    doubled_from,
    farthest,
    halve,
    halved_from,
    widened,
)


class UNetConfig(BaseModel):
    """CARE: depth 2, width 32. Petrography2SEM: depth 4, width 64, `batch-norm`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["unet"] = "unet"
    variant: Literal["care", "n2v2", "batch-norm"] = "care"
    channels_in: int = Field(1, ge=1)
    channels_out: int = Field(1, ge=1)
    depth: int = Field(2, ge=1, le=6)
    width: int = Field(32, ge=1)
    """Features at the finest level; they double with every level."""
    residual: bool = False
    """Output = input + correction, which starts at zero."""
    head: Literal["linear", "sigmoid"] = "linear"
    """Sigmoid: the output is a probability, always between 0 and 1."""

    @model_validator(mode="after")
    def _residual_fits(self) -> "UNetConfig":
        if self.residual and self.channels_in != self.channels_out:
            raise ValueError("residual needs as many channels_out as channels_in")
        if self.residual and self.variant == "n2v2":
            raise ValueError("n2v2 takes no residual: it would bring back the pixel that the missing skip keeps out")
        if self.residual and self.head == "sigmoid":
            raise ValueError("residual takes no sigmoid: what is added to the input is no probability")
        return self


class UNet(nn.Module):
    """Encoder, bottom, decoder with skips."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.residual, self.variant, self.head = config.residual, config.variant, config.head
        normed = config.variant == "batch-norm"
        widths = [config.width << level for level in range(config.depth + 1)]
        # What a level hands up: already as narrow as the level above, unless the way up narrows.
        handed = widths if normed else [config.width, *widths[:-1]]
        befores = [config.channels_in, *widths[:-2]]
        self.down = nn.ModuleList(
            _double(before, width, width, normed) for before, width in zip(befores, widths[:-1], strict=True)
        )
        self.bottom = _double(widths[-2], widths[-1], handed[-1], normed)
        levels = range(config.depth)
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(2 * widths[level], widths[level], 2, stride=2) if normed else nn.Upsample(scale_factor=2)
            for level in levels
        )
        self.up = nn.ModuleList(
            _double(widths[level] * (2 if self._joins(level) else 1), widths[level], handed[level], normed)
            for level in levels
        )
        self.tail = conv(config.width, config.channels_out, 1, gain=0.0 if config.residual else 1.0, slope=1)

    def _joins(self, level: int) -> bool:
        return self.variant != "n2v2" or level > 0

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to (N, C', H, W); H and W are multiples of 2^depth."""
        skips: list[Tensor] = []
        y = x
        for convolutions in self.down:
            y = convolutions(y)
            skips.append(y)
            y = halve(y) if self.variant == "n2v2" else F.max_pool2d(y, 2)
        y = self.bottom(y)
        for level in reversed(range(len(skips))):
            y = self.enlarge[level](y)
            y = self.up[level](torch.cat([skips[level], y], 1) if self._joins(level) else y)
        image: Tensor = self.tail(y)
        if self.head == "sigmoid":
            # In bf16 a probability near 1 would round to 1, of which no logarithm is left to learn from.
            return image.float().sigmoid()
        return x + image if self.residual else image


def _double(before: int, middle: int, after: int, normed: bool) -> nn.Sequential:
    """Two convolutions of 3 x 3 with ReLUs, with batch norm in place of biases or without."""
    steps: list[nn.Module] = []
    for source, wanted in ((before, middle), (middle, after)):
        if normed:
            steps += [nn.Conv2d(source, wanted, 3, padding=1, bias=False), nn.BatchNorm2d(wanted)]
        else:
            steps.append(conv(source, wanted, slope=0))
        steps.append(nn.ReLU(inplace=True))
    return nn.Sequential(*steps)


def capabilities(config: UNetConfig) -> Capabilities:
    """Reach of the way through the bottom, from the output inwards: two pixels a level, both ways."""
    halving = halved_from if config.variant == "n2v2" else blocks_of_two

    def needed(wanted: Interval) -> Interval:
        for _ in range(config.depth):
            wanted = doubled_from(widened(wanted, 2))
        wanted = widened(wanted, 2)
        for _ in range(config.depth):
            wanted = widened(halving(wanted), 2)
        return wanted

    multiple = 2**config.depth
    return Capabilities(
        channels_in=config.channels_in,
        channels_out=config.channels_out,
        scale=1,
        receptive_field=farthest(multiple, needed),
        size_multiple=multiple,
    )

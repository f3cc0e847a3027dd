"""U-Net (Ronneberger, Fischer and Brox, MICCAI 2015) in three variants that electron microscopists use.

- `care`: CARE and Noise2Void (Weigert et al., 2018; Krull, Buchholz and Jug, CVPR 2019). Plain convolutions, max
  pooling, and nearest-neighbour doubling on the way up, where the second convolution of a level narrows to the width of
  the level above.
- `n2v2`: as `care`, but without the skip at the finest level and with `halve` instead of max pooling (Höck et al., ECCV
  Workshops 2022). Both keep single noisy pixels, and the checkerboards they cause, out of the output.
- `batch-norm`: two convolutions per level, with batch norm and without bias, and transposed convolutions on the way up
  (or, with `upsampling="resize"`, nearest-neighbour doublings that a 3 x 3 convolution follows).
  With depth 4 and width 64 this is the network of Petrography2SEM (Amrollahinasab and Rabbani, 2023). Its last layer
  returns a logit; the head `sigmoid` turns it into a probability, which the loss `bce` expects.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.unet import UNetConfig
from sem_models.networks.blocks import conv, halve
from sem_models.networks.strips import by_strips


class UNet(nn.Module):
    """Encoder, bottom, and decoder with skips."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.residual, self.variant, self.head = config.residual, config.variant, config.head
        normed = config.variant == "batch-norm"
        widths = [config.width << level for level in range(config.depth + 1)]
        # Width that a level hands up: that of the level above, unless the transposed convolution narrows it.
        handed = widths if normed else [config.width, *widths[:-1]]
        befores = [config.channels_in, *widths[:-2]]
        self.down = nn.ModuleList(
            _double(before, width, width, normed) for before, width in zip(befores, widths[:-1], strict=True)
        )
        self.bottom = _double(widths[-2], widths[-1], handed[-1], normed)
        levels = range(config.depth)
        self.enlarge = nn.ModuleList(
            _doubling(config, 2 * widths[level], widths[level]) if normed else nn.Upsample(scale_factor=2)
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
        """Map (N, C, H, W) in [0, 1] to (N, C', H, W); H and W are multiples of 2^depth."""
        skips: list[Tensor] = []
        y = x
        for convolutions in self.down:
            y = by_strips(convolutions, y, reach=2)
            skips.append(y)
            y = halve(y) if self.variant == "n2v2" else F.max_pool2d(y, 2)
        y = self.bottom(y)
        for level in reversed(range(len(skips))):
            inputs = (y, skips[level]) if self._joins(level) else (y,)
            y = by_strips(partial(self._up, level), *inputs, reach=2)
            skips.pop()
        image: Tensor = self.tail(y)
        if self.head == "sigmoid":
            # In bf16 a probability near 1 would round to 1, where the loss has no gradient.
            return image.float().sigmoid()
        return x + image if self.residual else image

    def _up(self, level: int, y: Tensor, skip: Tensor | None = None) -> Tensor:
        """Go up one level: (N, C, H, W), and (N, C', 2 H, 2 W) from the way down, to (N, C'', 2 H, 2 W)."""
        y = self.enlarge[level](y)
        result: Tensor = self.up[level](y if skip is None else torch.cat([skip, y], 1))
        return result


def _doubling(config: UNetConfig, before: int, after: int) -> nn.Module:
    if config.resizes:
        return nn.Sequential(nn.Upsample(scale_factor=2), conv(before, after, slope=1))
    return nn.ConvTranspose2d(before, after, 2, stride=2)


def _double(before: int, middle: int, after: int, normed: bool) -> nn.Sequential:
    """Build two 3 x 3 convolutions with ReLUs, with batch norm instead of biases if `normed`."""
    steps: list[nn.Module] = []
    for source, wanted in ((before, middle), (middle, after)):
        if normed:
            steps += [nn.Conv2d(source, wanted, 3, padding=1, bias=False), nn.BatchNorm2d(wanted)]
        else:
            steps.append(conv(source, wanted, slope=0))
        steps.append(nn.ReLU(inplace=True))
    return nn.Sequential(*steps)

"""How a network of unknown reach may be cut into tiles: measured, by comparing tiles with the whole image."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import lcm

import torch
import torch.nn.functional as F
from torch import Tensor

Network = Callable[[Tensor], Tensor]
_LARGEST_SEAM = 2e-3
"""Half a grey level of an 8-bit image."""
_CORE_PX = 32
"""Edge of the part of the image in which tile and whole image are compared."""
_HALOS_PX = (16, 32, 48)
_MARGIN_PX = 64
"""Around the compared part of the image that counts as whole."""
_WINDOW_PX = 16
"""Edge of the attention windows of most architectures, or a multiple of it."""


@dataclass(frozen=True)
class TileRule:
    """What tiles must be like so that they agree with the whole image."""

    size_multiple: int
    """Their edges and places are multiples of this number of input pixels."""
    halo_px: int | None
    """None: no halo that was tried suffices."""


def measure_tile_rule(network: Network, channels: int, scale: int, multiple: int) -> TileRule:
    """Find the smallest halo beyond which the surroundings change the output by less than half a grey level of 255.

    They are cut away, as in tiles, and replaced by strong noise and by black, as another part of a micrograph might
    look. Places that are multiples of `multiple` alone are tried first, then such as are also multiples of 16 pixels,
    the usual window of attention.

    Args:
        network: Maps (1, channels, H, W) float32 in [0, 1] to (1, channels, H x scale, W x scale).
        channels: Of its images.
        scale: Output pixels per input pixel along one axis.
        multiple: Sizes that it takes.
    """
    for unit in dict.fromkeys((multiple, lcm(multiple, _WINDOW_PX))):
        halo = _smallest_halo(network, channels, scale, unit)
        if halo is not None:
            return TileRule(unit, halo)
    return TileRule(multiple, None)


def _smallest_halo(network: Network, channels: int, scale: int, unit: int) -> int | None:
    core, margin = _up(_CORE_PX, unit), _up(_MARGIN_PX, unit)
    image = _test_image(channels, 2 * margin + core)

    def core_of(output: Tensor, margin: int) -> Tensor:
        return _middle(output, margin * scale, core * scale)

    def outputs(halo: int) -> Iterator[Tensor]:
        tile = _middle(image, margin - halo, core + 2 * halo)
        yield core_of(network(tile), halo)
        for around in (torch.zeros_like(image), _noise(image)):
            _middle(around, margin - halo, core + 2 * halo)[:] = tile
            yield core_of(network(around), margin)

    whole = core_of(network(image), margin)
    allowed = _LARGEST_SEAM * max(1.0, float(whole.max() - whole.min()))
    for halo in dict.fromkeys(_up(halo, unit, odd=True) for halo in _HALOS_PX):
        if halo < margin and all(float((output - whole).abs().max()) <= allowed for output in outputs(halo)):
            return halo
    return None


def _up(pixels: int, unit: int, odd: bool = False) -> int:
    """Round up to a multiple of `unit`; an odd one shows whether a network needs a coarser grid."""
    units = -(-pixels // unit)
    return unit * (units | 1 if odd else units)


def _middle(image: Tensor, margin: int, edge: int) -> Tensor:
    return image[..., margin : margin + edge, margin : margin + edge]


def _test_image(channels: int, edge: int) -> Tensor:
    """Return smooth structure with noise."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 1, edge // 8, edge // 8, generator=generator)
    smooth = F.interpolate(coarse, size=(edge, edge), mode="bicubic", align_corners=False)
    noise = 0.05 * torch.randn(1, 1, edge, edge, generator=generator)
    return (0.2 + 0.6 * smooth + noise).clamp(0, 1).expand(-1, channels, -1, -1)


def _noise(image: Tensor) -> Tensor:
    return torch.rand(image.shape, generator=torch.Generator().manual_seed(1))

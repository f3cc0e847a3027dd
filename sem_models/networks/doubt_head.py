"""A small network that states how far the output of a restoration may be from the truth, pixel by pixel."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REACH_PX = 17
"""How far around a pixel input and output are read."""
_REGION_PX, _PLACE_PX, _NEAR_PX = 33, 17, 9
_LEAST = 1e-3
"""Standard deviation that is assumed where input and output agree, in unit intensity."""
_RATIOS = 7
REFERENCE = 0.1
"""Root mean square of what was removed, in unit intensity, at which the factor of the calibration holds."""


class DoubtHead(nn.Module):
    """Standard deviation of the error of an output, from what the network removed and from what it left.

    What was removed is mostly noise; its root mean square within 33 px sets the scale, so that the result follows the
    contrast of the image. Two 1 x 1 convolutions and a 3 x 3 one between them multiply it by a factor that depends on
    ratios: how much was removed here compared with the region, whether it is correlated, and how strong the contrast
    and the edges of the output are. `calibration` corrects this for specimens that the network did not learn from: a
    factor where the scale is 0.1 of the range, and the exponent by which it grows where less was removed.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(_RATIOS, width, 1),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1, padding_mode="replicate"),
            nn.GELU(),
            nn.Conv2d(width, 1, 1),
        )
        self.calibration: Tensor
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))

    def forward(self, given: Tensor, output: Tensor) -> Tensor:
        """Return (N, 1, H, W) float32 from input and output of the same shape, all in unit intensity."""
        removed = given - output
        scale = _mean(removed**2, _REGION_PX) + _LEAST**2
        logarithms = torch.log(_quantities(removed, output) / scale + _LEAST)
        factor = self.layers(torch.cat([logarithms, _correlations(removed, scale)], 1))
        gain, slope = self.calibration
        corrected = gain * (REFERENCE / scale.sqrt()) ** slope
        stated: Tensor = corrected * scale.sqrt() * factor.clamp(-6, 4).exp()
        return stated


def _quantities(removed: Tensor, output: Tensor) -> Tensor:
    """Return the squares that are compared with the region's, (N, 5, H, W)."""
    right, down = _step(output, 3), _step(output, 2)
    near, place = (_mean((output - _mean(output, size)) ** 2, size) for size in (_NEAR_PX, _PLACE_PX))
    return torch.cat([_mean(removed**2, 5), near, place, _mean(right**2 + down**2, 3), right**2 + down**2], 1)


def _correlations(removed: Tensor, scale: Tensor) -> Tensor:
    """Return the products of what was removed from neighbours, along and across the lines, (N, 2, H, W)."""
    products = [removed * (removed + _step(removed, axis)) for axis in (3, 2)]
    return torch.cat([_mean(one, _PLACE_PX) / scale for one in products], 1)


def _step(x: Tensor, axis: int) -> Tensor:
    """Return the next pixel minus this one; the last is compared with itself."""
    ahead = (0, 1, 0, 0) if axis == 3 else (0, 0, 0, 1)
    padded = F.pad(x, ahead, mode="replicate")
    return padded.narrow(axis, 1, x.shape[axis]) - x


def _mean(x: Tensor, size: int) -> Tensor:
    """Average (N, 1, H, W) over size x size px; beyond the edges the nearest pixel counts."""
    reach = size // 2
    padded = F.pad(x, (reach,) * 4, mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(padded, (size, 1), stride=1), (1, size), stride=1)

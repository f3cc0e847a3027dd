"""The mean of recorded values at similar places: non-local means that know the noise and are guided by a prediction.

Buades, Coll and Morel, CVPR 2005. Patches are compared in a prediction, whose noise is a fraction of that of the image,
as the second step of collaborative filters does (Dabov et al., IEEE TIP 16, 2007). The values that are averaged are the
recorded ones. That of the pixel itself is left out.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.inference.pixel_posterior import PATCH_PX, SEARCH_PX

_TOLERANCE = 0.3
"""Mean squared difference of two patches, in variances of the noise, at which the weight falls to 1/e."""
_OWN_WEIGHT = 0.2
"""Weight of the prediction itself, which stands in for places that resemble nothing."""


def similar_mean(recorded: Tensor, prediction: Tensor, variance: Tensor) -> Tensor:
    """Average recorded values over places within 6 px whose patches of 5 px resemble each other in the prediction.

    Args:
        recorded: (N, 1, H, W) in unit intensity.
        prediction: What a network makes of them, of the same shape.
        variance: Variance of the noise at each pixel, of the same shape.

    Returns:
        (N, 1, H, W); the prediction where nothing is similar.
    """
    height, width = recorded.shape[-2:]
    offsets = range(2 * SEARCH_PX + 1)
    values, guide = (F.pad(image, (SEARCH_PX,) * 4, mode="replicate") for image in (recorded, prediction))
    total, weights = _OWN_WEIGHT * prediction, torch.full_like(prediction, _OWN_WEIGHT)
    for row in offsets:
        columns = [column for column in offsets if (row, column) != (SEARCH_PX, SEARCH_PX)]
        seen, shown = (
            torch.cat([image[:, :, row : row + height, column : column + width] for column in columns], 1)
            for image in (values, guide)
        )
        difference = _patch_mean((shown - prediction) ** 2 / variance)
        weight = torch.exp(-difference / _TOLERANCE)
        total = total + (weight * seen).sum(1, keepdim=True)
        weights = weights + weight.sum(1, keepdim=True)
    return total / weights


def _patch_mean(x: Tensor) -> Tensor:
    """Average each channel over patches; a convolution, because it is ten times as fast as pooling on a CPU."""
    edge, channels = 2 * PATCH_PX + 1, x.shape[1]
    kernel = x.new_full((channels, 1, edge, edge), 1 / edge**2)
    return F.conv2d(F.pad(x, (PATCH_PX,) * 4, mode="replicate"), kernel, groups=channels)

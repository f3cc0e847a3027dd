"""Fingerprints: small versions of micrographs with even contrast, by which images of one field are recognised."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

EDGE_PX = 128
"""Longer edge of a fingerprint."""
_FEWEST_PX = 16
"""Shortest edge. Narrower strips show too little of a field."""
_LOCAL_PX = 6.0
"""Standard deviation of the Gaussian window of local mean and local contrast."""
_FLOOR = 0.3
"""Contrast, relative to that of the whole image, below which an area counts as flat and is not amplified."""
_ROUNDING = 1e-6
"""Contrast, relative to the largest value, that rounding alone gives to an image without any."""
_TINY = float(np.finfo(float).tiny)
_STEPS = 32
"""Steps of the stored type per unit of local contrast."""
Fingerprint = NDArray[np.int8]


def fingerprint(pixels: NDArray[Any]) -> Fingerprint | None:
    """Reduce a micrograph of (H, W, C), any data type, to a fingerprint of (h, w) int8 with a longer edge of 128 px.

    Local mean and contrast are removed, so that brightness, gain, shading and a small bright overlay hardly count, and
    the same field has the same fingerprint at every number of pixels.

    Returns:
        The fingerprint; None for strips that are more than eight times as long as wide.
    """
    grey = np.nan_to_num(pixels.astype(np.float32)).mean(axis=2)
    factor = EDGE_PX / max(grey.shape)
    size = (round(grey.shape[0] * factor), round(grey.shape[1] * factor))
    if min(size) < _FEWEST_PX:
        return None
    small = _resized(grey, size).astype(np.float64)
    detail = small - gaussian_filter(small, _LOCAL_PX)
    contrast = np.sqrt(gaussian_filter(detail**2, _LOCAL_PX))
    level = contrast + _FLOOR * detail.std()
    even = np.divide(
        detail, level, out=np.zeros_like(detail), where=level > _ROUNDING * max(_TINY, float(np.abs(small).max()))
    )
    steps: Fingerprint = np.clip(np.rint(_STEPS * even), -127, 127).astype(np.int8)
    return steps


def _resized(grey: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    import torch  # not needed to show a plan

    image = torch.from_numpy(np.ascontiguousarray(grey))[None, None]
    resized: NDArray[np.float32] = torch.nn.functional.interpolate(
        image, size, mode="bilinear", antialias=True, align_corners=False
    )[0, 0].numpy()
    return resized

"""Detection of scan-line defects in a recording, in native grey levels: defects do not count for the intensity limits.

A saturated line of a 16-bit image may lie far beyond all other grey levels. In limits that include it, every other
defect is too weak to be found.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sem_models.images.intensity import UnitImage, intensity_range, to_unit
from sem_models.images.micrograph import Pixels

Mask = NDArray[np.bool_]
_MOST_LOOKS = 3
"""The first look finds what is far beyond the other grey levels, the second usually all the rest."""


def find_in_recording(pixels: Pixels, find: Callable[[UnitImage], Mask]) -> Mask:
    """Find defective pixels again and again, each time in the intensity limits of the pixels that were good so far.

    Args:
        pixels: (H, W) in native grey levels of any dtype, without data bar, neither filtered nor resampled.
        find: Maps (H, W) in unit intensity to (H, W) bool, True for defective pixels.

    Returns:
        (H, W) bool, True for defective pixels: of the last look, which is the third at most.
    """
    limits = intensity_range(pixels)
    for _ in range(_MOST_LOOKS):
        defective = find(to_unit(pixels, limits))
        if defective.all():
            break
        seen, limits = limits, intensity_range(pixels[~defective])
        if limits == seen:
            break
    return defective

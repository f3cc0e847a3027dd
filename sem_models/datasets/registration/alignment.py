"""Alignment of the two images of a pair, with the residual before and after."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sem_models.datasets.manifest import Register, Residual, Warp
from sem_models.datasets.registration.mutual_information import find_warp, warp_onto
from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.datasets.registration.residual import BlockShifts, block_shifts
from sem_models.datasets.registration.scales import in_coarse_pixels, times_larger
from sem_models.images.micrograph import Pixels
from sem_models.images.resample import resample

_ALIKE_PX = 2.0


@dataclass(frozen=True)
class Alignment:
    """The misalignment of an input and its target, and how it is corrected."""

    register: Register
    shift: tuple[float, float]
    """(rows, columns) in px of the target by which it lies further down and to the right than the input."""
    warp: Warp | None
    before: BlockShifts
    after: BlockShifts
    """Equal to `before` if the pair is not registered."""
    pixel_size_nm: float | None
    """Pixel size of the target."""
    scale: int = 1
    """How many times as many rows and columns the target has as the input. Residuals are in px of the target."""

    @property
    def residual(self) -> Residual | None:
        """Residual of the aligned pair; None if it could not be measured."""
        return self.after.residual(self.pixel_size_nm)

    @property
    def residual_before(self) -> Residual | None:
        """Residual before registration; None if the pair is not registered or the residual could not be measured."""
        return None if self.register == "none" else self.before.residual(self.pixel_size_nm)

    def facts(self) -> dict[str, Any]:
        """Return the fields of a manifest entry that describe the alignment."""
        return {
            "shift_px": self.shift,
            "shift_applied": self.register == "shift",
            "warp": self.warp,
            "residual": self.residual,
            "residual_before": self.residual_before,
        }


def find_alignment(source: Pixels, target: Pixels, register: Register, pixel_size_nm: float | None) -> Alignment | None:
    """Register two (H, W, C) images of one field, any dtype; the target may be larger by a whole factor.

    In that case, shifts are found and measured on the enlarged input, to fractions of a pixel of the target.

    Returns:
        The alignment; None if the target is not larger by a whole factor.

    Raises:
        UserError: They have no common field.
    """
    scale = times_larger(source, target)
    if scale is None:
        return None
    first, second = _grey(resample(source, scale)), _grey(target)
    # Images of different sharpness give a biased shift, so both are smoothed to about the same blur.
    down, right = find_shift(*(gaussian_filter(image, _ALIKE_PX) for image in (first, second)))
    warp = None
    if register != "none" and register != "shift":
        matrix = find_warp(second, first, (-down, -right), register)
        warp = Warp(model=register, matrix=in_coarse_pixels(matrix, scale) if scale > 1 else matrix)
    before = block_shifts(second, first)
    found = Alignment(register, (down, right), warp, before, before, pixel_size_nm, scale)
    if register == "none":
        return found
    moved, still = align(source, target, found)
    return replace(found, after=block_shifts(_grey(still), _grey(resample(moved, scale))))


def align(source: Pixels, target: Pixels, alignment: Alignment) -> tuple[Pixels, Pixels]:
    """Return input (H', W', C) and target (H' x scale, W' x scale, C) of the common field, as they are stored.

    A shift crops by whole pixels and interpolates nothing; a warp interpolates only the input.

    Raises:
        UserError: They have no common field.
    """
    if alignment.warp:
        return warp_onto(source, target, alignment.warp.matrix, alignment.scale)
    if alignment.register == "shift":
        return crop_to_overlap(source, target, alignment.shift, alignment.scale)
    return source, target


def _grey(image: Pixels) -> NDArray[np.float64]:
    grey: NDArray[np.float64] = image.mean(axis=2, dtype=np.float64)
    return grey

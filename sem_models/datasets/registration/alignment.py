"""Aligning the two images of a pair, with what was left before and after."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sem_models.datasets.manifest import Register, Residual, Warp
from sem_models.datasets.registration.mutual_information import find_warp, warp_onto
from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.datasets.registration.residual import BlockShifts, block_shifts
from sem_models.images.micrograph import Pixels

_ALIKE_PX = 2.0


@dataclass(frozen=True)
class Alignment:
    """What was found between an input and its target, and what is done about it."""

    register: Register
    shift: tuple[float, float]
    """(rows, columns) by which the target lies further down and right than the input."""
    warp: Warp | None
    before: BlockShifts
    after: BlockShifts
    """The same as `before` where nothing is done."""
    pixel_size_nm: float | None
    """Of the target."""

    @property
    def residual(self) -> Residual | None:
        """Of the aligned pair; None where it could not be measured."""
        return self.after.residual(self.pixel_size_nm)

    @property
    def residual_before(self) -> Residual | None:
        """Of the pair as it came; None where nothing is done, too."""
        return None if self.register == "none" else self.before.residual(self.pixel_size_nm)

    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "shift_px": self.shift,
            "shift_applied": self.register == "shift",
            "warp": self.warp,
            "residual": self.residual,
            "residual_before": self.residual_before,
        }


def find_alignment(source: Pixels, target: Pixels, register: Register, pixel_size_nm: float | None) -> Alignment | None:
    """Register (H, W, C) images of one field, any dtype; None where their sizes differ (a super-resolution pair).

    Raises:
        UserError: They have no common field.
    """
    if source.shape[:2] != target.shape[:2]:
        return None
    first, second = _grey(source), _grey(target)
    # Frames of different sharpness correlate off their true shift; smoothed, both are as blurred.
    down, right = find_shift(*(gaussian_filter(image, _ALIKE_PX) for image in (first, second)))
    warp = None
    if register != "none" and register != "shift":
        warp = Warp(model=register, matrix=find_warp(second, first, (-down, -right), register))
    before = block_shifts(second, first)
    found = Alignment(register, (down, right), warp, before, before, pixel_size_nm)
    if register == "none":
        return found
    moved, still = align(source, target, found)
    return Alignment(register, (down, right), warp, before, block_shifts(_grey(still), _grey(moved)), pixel_size_nm)


def align(source: Pixels, target: Pixels, alignment: Alignment) -> tuple[Pixels, Pixels]:
    """Input and target as they will be stored: (H', W', C) each of their common field.

    A shift crops whole pixels and interpolates nothing; a warp interpolates the input only.

    Raises:
        UserError: They have no common field.
    """
    if alignment.warp:
        return warp_onto(source, target, alignment.warp.matrix)
    if alignment.register == "shift":
        return crop_to_overlap(source, target, alignment.shift)
    return source, target


def _grey(image: Pixels) -> NDArray[np.float64]:
    grey: NDArray[np.float64] = image.mean(axis=2, dtype=np.float64)
    return grey

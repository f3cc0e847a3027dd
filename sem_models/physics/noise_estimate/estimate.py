"""Poisson-Gaussian noise and banding of an instrument, estimated from one of its images or from two frames of a field.

The model is that of `degrade`: var = mean / dose + read_noise^2 in unit intensity (Foi et al., IEEE TIP 17, 2008).
Unit zero is not the detector's dark level: 16 and 32 bit images start at their 0.1 percentile. A dark level above it
makes the intercept of the line negative, which no read noise does; the line is then laid through zero and the median
brightness, because that is the nearest that the forward model can come, and the estimate says so.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sem_models.errors import UserError
from sem_models.physics.noise_estimate.flat_patches import (
    Bins,
    Plane,
    banding,
    from_one_image,
    from_two_frames,
    line_correlation,
)

Image = NDArray[np.floating]

_SMALLEST_EDGE_PX = 64
_NARROW = 0.1
_CLIPPED = 0.01
_CORRELATED = 0.05
_NO_NOISE = 1e-12
"""Variance of what rounding alone leaves in float32."""
_DARKEST = 1e-2
_NO_SHOT_NOISE = 1e-3
"""Part of the variance of white below which it is none."""


@dataclass(frozen=True)
class NoiseEstimate:
    """What the forward model needs to make the noise of an instrument; all in unit intensity."""

    dose_e_per_px: float | None
    """Electrons per pixel at intensity 1; None where noise does not grow with brightness."""
    read_noise: float
    """Standard deviation of the part that does not depend on brightness."""
    banding: float
    """Standard deviation of the offsets of scan lines, 0 where it cannot be told from noise and structure."""
    slope: float
    intercept: float
    """Of the line var = slope * mean + intercept, not yet forced to what the forward model can do."""
    bins: Bins
    """The mean and variance of the brightness bins that the line was fitted to."""
    source: Literal["one image", "two frames"]
    caveats: tuple[str, ...]

    def variance(self, mean: float) -> float:
        """Of the noise at a brightness, by the model."""
        return (mean / self.dose_e_per_px if self.dose_e_per_px else 0.0) + self.read_noise**2

    @property
    def assignments(self) -> tuple[str, ...]:
        """Settings of a recipe that give this noise, as `--set` takes them."""
        dose = f"{self.dose_e_per_px:.4g}" if self.dose_e_per_px else "none"
        lines = [f"degradation.dose_e_per_px={dose}", f"degradation.read_noise={self.read_noise:.4g}"]
        return (*lines, *([f"degradation.scan.banding={self.banding:.3g}"] if self.banding else []))


def estimate_noise(first: Image, second: Image | None = None) -> NoiseEstimate:
    """Dose, read noise and banding.

    Args:
        first: (H, W) in unit intensity, at least 64 x 64 px, without data bar.
        second: Another frame of the same field, registered and scaled like the first. Structure then cancels, and
            noise that is correlated between neighbours is counted in full.

    Row-to-row jitter is not estimated: in one frame it cannot be told from fine structure.

    Raises:
        UserError: Frames of different size, too small, or without any noise.
    """
    _require_size(first, second)
    a, b = first.astype(np.float64), None if second is None else second.astype(np.float64)
    bins = from_one_image(a) if b is None else from_two_frames(a, b)
    if max(bins.variance) < _NO_NOISE:
        raise UserError("There is no noise in it: give an image as recorded, or two frames that are not the same.")
    slope, intercept = _line(bins)
    gain, offset = (slope, intercept) if intercept >= 0 else (_line_through_zero(bins), 0.0)
    has_dose = gain > _NO_SHOT_NOISE * offset and gain > 0
    return NoiseEstimate(
        dose_e_per_px=1 / gain if has_dose else None,
        read_noise=float(np.sqrt(max(offset, 0.0))),
        banding=banding(a if b is None else (a - b) / np.sqrt(2)),
        slope=slope,
        intercept=intercept,
        bins=bins,
        source="one image" if b is None else "two frames",
        caveats=tuple(_caveats(a, bins, slope, intercept, 0.0 if b is None else line_correlation(a, b))),
    )


def _require_size(first: Image, second: Image | None) -> None:
    if second is not None and first.shape != second.shape:
        raise UserError(f"Frames of {first.shape} and {second.shape} px are not registered; crop them to one field.")
    if min(first.shape) < _SMALLEST_EDGE_PX:
        raise UserError(f"{first.shape[1]} x {first.shape[0]} px are too few to estimate noise; 64 x 64 are needed.")


def _line(bins: Bins) -> tuple[float, float]:
    """Slope (never negative) and intercept; relative errors count, and those of odd bins count little."""
    mean, variance = np.asarray(bins.mean), np.maximum(bins.variance, _NO_NOISE)
    scale = float(np.median(variance))
    terms = np.stack([mean, np.ones_like(mean)]) * scale / variance

    def relative(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        errors: NDArray[np.float64] = parameters @ terms - 1
        return errors

    start = np.array([0.5 / max(float(np.median(mean)), 1e-3), 0.5])
    lowest = np.array([0.0, -np.inf])
    found = scale * least_squares(relative, start, bounds=(lowest, np.inf), loss="soft_l1", f_scale=0.1).x
    return float(found[0]), float(found[1])


def _line_through_zero(bins: Bins) -> float:
    """The slope that is right at the median brightness; a fit of relative errors would be drawn to the dark end."""
    return float(np.median(np.asarray(bins.variance) / np.maximum(bins.mean, _DARKEST)))


def _caveats(image: Plane, bins: Bins, slope: float, intercept: float, correlation: float) -> list[str]:
    found = []
    span = max(bins.mean) - min(bins.mean)
    if span < _NARROW:
        found.append(
            f"Flat places span only {span:.2g} of the intensity range: dose and read noise can hardly be told apart, "
            "only the noise at this brightness is known."
        )
    if intercept < 0 < slope:
        found.append(
            f"The dark level of the detector seems to lie at {-intercept / slope:.2g} of the range rather than at 0: "
            "read noise cannot be told from it and is set to 0; the dose is right at the median brightness."
        )
    clipped = float(np.mean((image <= image.min()) | (image >= image.max())))
    if clipped > _CLIPPED:
        found.append(f"{clipped:.0%} of the pixels are clipped: there, the noise is cut off and comes out too small.")
    if correlation > _CORRELATED:
        found.append(
            f"Neighbours along a line share noise (correlation {correlation:.2f}): the forward model makes white "
            "noise, and an estimate from one image would come out too small."
        )
    return found

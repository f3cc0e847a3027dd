"""Estimation of Poisson-Gaussian noise and banding of an instrument from one image or from two frames of a field.

The model is that of `degrade`: var = mean / dose + read_noise^2 in unit intensity (Foi et al., IEEE TIP 17, 2008).
Zero in unit intensity is not the dark level of the detector: in 16 and 32 bit images it is the 0.1 percentile. If the
dark level lies above it, the intercept of the line becomes negative, which read noise cannot explain. The line is then
drawn through zero and the median brightness, the closest that the forward model can come, and a caveat says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import least_squares

from sem_models.errors import UserError
from sem_models.images.clipping import is_clipped
from sem_models.physics.noise_estimate.correlation import Correlation, correlation
from sem_models.physics.noise_estimate.flat_patches import (
    Bins,
    Plane,
    banding,
    flat_correlation,
    from_one_image,
    from_two_frames,
    line_correlation,
)
from sem_models.physics.noise_estimate.whiteness import HighFrequencies, high_frequencies

Image = NDArray[np.floating]

_SMALLEST_EDGE_PX = 64
_NARROW = 0.1
_CLIPPED = 0.01
_CORRELATED = 0.05
_CORRELATED_FLAT = 0.2
"""Correlation of neighbours above which an estimate from one image may be wrong; white noise has at most 0.05."""
_WHITE_PX = 0.67
"""Correlation length up to which noise counts as white, for which it is 1 - 1/e = 0.63."""
_SMOOTH_PX = 4.0
_NO_NOISE = 1e-12
"""Largest variance that rounding in float32 alone can cause."""
_DARKEST = 1e-2
_NO_SHOT_NOISE = 1e-3
"""Fraction of the variance at white below which shot noise counts as absent."""


@dataclass(frozen=True)
class NoiseEstimate:
    """The parameters with which the forward model simulates the noise of an instrument, in unit intensity."""

    dose_e_per_px: float | None
    """Electrons per pixel at intensity 1; None if the noise does not grow with brightness."""
    read_noise: float
    """Standard deviation of the noise that does not depend on brightness."""
    banding: float
    """Standard deviation of the offsets of scan lines; 0 if they cannot be distinguished from noise and structure."""
    slope: float
    intercept: float
    """Intercept of the fitted line var = slope * mean + intercept, before it is restricted to the forward model."""
    bins: Bins
    """Mean and variance of the brightness bins to which the line was fitted."""
    source: Literal["one image", "two frames"]
    caveats: tuple[str, ...]
    correlation: Correlation | None = None
    """Correlation of the noise of one image; None if unknown, and for two frames."""

    def variance(self, mean: float) -> float:
        """Return the variance of the noise at a brightness, according to the model."""
        return (mean / self.dose_e_per_px if self.dose_e_per_px else 0.0) + self.read_noise**2

    @property
    def assignments(self) -> tuple[str, ...]:
        """Recipe settings that simulate this noise, as arguments of `--set`."""
        dose = f"{self.dose_e_per_px:.4g}" if self.dose_e_per_px else "none"
        lines = [f"degradation.dose_e_per_px={dose}", f"degradation.read_noise={self.read_noise:.4g}"]
        return (*lines, *([f"degradation.scan.banding={self.banding:.3g}"] if self.banding else []))


def estimate_noise(first: Image, second: Image | None = None) -> NoiseEstimate:
    """Estimate dose, read noise and banding.

    Row-to-row jitter is not estimated, because in a single frame it cannot be distinguished from fine structure.

    Args:
        first: (H, W) in unit intensity, at least 64 x 64 px, without data bar.
        second: Another frame of the same field, registered and scaled like the first. With it, structure cancels, and
            noise that is correlated between neighbours is counted in full.

    Raises:
        UserError: The frames differ in size, are too small, or have no noise.
    """
    _require_size(first, second)
    a, b = first.astype(np.float64), None if second is None else second.astype(np.float64)
    bins = from_one_image(a) if b is None else from_two_frames(a, b)
    _require_noise(bins)
    slope, intercept = _line(bins)
    gain, offset = _affine(bins, slope, intercept)
    bands = banding(a if b is None else (a - b) / np.sqrt(2))
    found = correlation(a, _variances(a, gain, offset), bands) if b is None else None
    if found is not None and max(found.along_px, found.across_px) > _WHITE_PX:
        bins = Bins(bins.mean, tuple(value * found.inflation for value in bins.variance))
        slope, intercept, gain, offset = (value * found.inflation for value in (slope, intercept, gain, offset))
    has_dose = gain > _NO_SHOT_NOISE * offset and gain > 0
    return NoiseEstimate(
        dose_e_per_px=1 / gain if has_dose else None,
        read_noise=float(np.sqrt(max(offset, 0.0))),
        banding=bands,
        slope=slope,
        intercept=intercept,
        bins=bins,
        source="one image" if b is None else "two frames",
        caveats=(
            *_caveats(a, bins, slope, intercept, 0.0 if b is None else line_correlation(a, b)),
            *(_of_one_image(a, found) if b is None else ()),
        ),
        correlation=found,
    )


def pooled_noise(images: Sequence[Image]) -> tuple[float, float]:
    """Estimate gain and offset of the noise variance, gain x signal + offset, of images of one instrument.

    Args:
        images: (H, W) each, in one unit intensity, at least 64 x 64 px, without data bar.

    Raises:
        UserError: An image is too small, or there is no noise.
    """
    for image in images:
        _require_size(image, None)
    each = [from_one_image(image.astype(np.float64)) for image in images]
    bins = Bins(tuple(v for part in each for v in part.mean), tuple(v for part in each for v in part.variance))
    _require_noise(bins)
    return _affine(bins, *_line(bins))


def pooled_line_noise(images: Sequence[Image]) -> tuple[float, float, tuple[float, ...]]:
    """Estimate gain and offset as `pooled_noise` does, and the autocorrelation of the noise along the scan lines.

    Args:
        images: (H, W) each, in one unit intensity, at least 64 x 64 px, without data bar.

    Returns:
        Gain and offset, in which correlated noise is counted in full, and the autocorrelation at lags of 0, 1, ... px.

    Raises:
        UserError: There is no noise, or it is correlated across the lines as well, or the specimen cannot be told from
            it in any image.
    """
    gain, offset = pooled_noise(images)
    planes = [image.astype(np.float64) for image in images]
    each = [correlation(plane, _variances(plane, gain, offset), banding(plane)) for plane in planes]
    known = [found for found in each if found is not None]
    if not known:
        raise UserError("No image has places flat enough to measure how noise is correlated along the scan lines.")
    if float(np.median([found.across_px for found in known])) > _WHITE_PX:
        raise UserError("The noise is correlated across the scan lines as well.")
    inflation = float(np.median([found.inflation for found in known]))
    lags = max(len(found.along) for found in known)
    along = np.mean([np.pad(found.along, (0, lags - len(found.along))) for found in known], axis=0)
    return gain * inflation, offset * inflation, tuple(along.tolist())


def _require_noise(bins: Bins) -> None:
    if max(bins.variance) < _NO_NOISE:
        raise UserError("The image has no noise; give an image as recorded, or two different frames.")


def _affine(bins: Bins, slope: float, intercept: float) -> tuple[float, float]:
    """Restrict the fitted line to what the forward model can make: gain and offset that are not negative."""
    return (slope, intercept) if intercept >= 0 else (_line_through_zero(bins), 0.0)


def _require_size(first: Image, second: Image | None) -> None:
    if second is not None and first.shape != second.shape:
        raise UserError(f"Frames of {first.shape} and {second.shape} px are not registered; crop them to one field.")
    if min(first.shape) < _SMALLEST_EDGE_PX:
        raise UserError(f"{first.shape[1]} x {first.shape[0]} px are too few to estimate noise; use at least 64 x 64.")


def _line(bins: Bins) -> tuple[float, float]:
    """Fit slope (never negative) and intercept robustly, by minimising relative errors."""
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
    """Return the slope that is right at the median brightness; relative errors would favour the dark end."""
    return float(np.median(np.asarray(bins.variance) / np.maximum(bins.mean, _DARKEST)))


def _variances(image: Plane, gain: float, offset: float) -> Plane:
    """Compute the variance at the brightness of each pixel of (H, W)."""
    brightness = np.maximum(ndimage.gaussian_filter(image, _SMOOTH_PX), 0)
    variances: Plane = np.maximum(gain * brightness + offset, _NO_NOISE)
    return variances


def _of_one_image(image: Plane, found: Correlation | None) -> tuple[str, ...]:
    if found is not None:
        if max(found.along_px, found.across_px) <= _WHITE_PX:
            return ()
        return (
            f"Noise is correlated: its autocorrelation falls to 1/e at {found.along_px:.2g} px along the scan lines "
            f"and {found.across_px:.2g} px across. The variance contains this, but the forward model makes white "
            "noise.",
        )
    along, across = flat_correlation(image)
    if max(along, across) <= _CORRELATED_FLAT:
        return _unless_white(high_frequencies(image))
    return (
        f"In the flattest places neighbouring pixels are correlated ({along:.2f} along the scan lines, {across:.2f} "
        "across). If that is noise and not the specimen, the noise is stronger than estimated here. There are too few "
        "flat places to tell; give a second frame of the field.",
    )


def _unless_white(found: HighFrequencies) -> tuple[str, ...]:
    if found.are_white:
        return ()
    return (
        "Correlation of the noise cannot be excluded. No places are flat enough to measure it, and the highest "
        f"frequencies have {found.ratio:.3f} ± {2 * found.standard_error:.3f} of the power of white noise. If that is "
        "noise and not fine structure, the noise is stronger than estimated here; give a second frame of the field.",
    )


def _caveats(image: Plane, bins: Bins, slope: float, intercept: float, correlation: float) -> list[str]:
    found = []
    span = max(bins.mean) - min(bins.mean)
    if span < _NARROW:
        found.append(
            f"Flat areas span only {span:.2g} of the intensity range: dose and read noise can hardly be separated; "
            "only the noise at this brightness is known."
        )
    if intercept < 0 < slope:
        found.append(
            f"The dark level of the detector seems to lie at {-intercept / slope:.2g} of the range rather than at 0: "
            "read noise cannot be separated from it and is set to 0; the dose is right at the median brightness."
        )
    clipped = float(is_clipped(image).mean())
    if clipped > _CLIPPED:
        found.append(f"{clipped:.0%} of the pixels are clipped: their noise is cut off and underestimated.")
    if correlation > _CORRELATED:
        found.append(
            f"Noise is correlated along the scan lines (correlation of neighbours {correlation:.2f}): the forward "
            "model makes white noise, and an estimate from one image would be too small."
        )
    return found

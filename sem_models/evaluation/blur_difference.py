"""By how much one frame is wider blurred than another frame of the same field, measured from their spectra.

One frame does not say whether the specimen is soft or the image out of focus. Two frames of one field do: with Gaussian
kernels of widths s1 and s2, transfer functions H1 and H2 and independent noise, at each frequency f

    A1 = H1^2 S + N1        C = g H1 H2 S        H2 / H1 = exp(-2 pi^2 f^2 (s2^2 - s1^2))

where A1 is the power of the first frame, N1 that of its noise, C the real part of the cross-spectrum, S the power of
the specimen and g the ratio of the gains. The specimen and the noise of the second frame cancel:
C = g exp(-2 pi^2 f^2 d) (A1 - N1), and d = s2^2 - s1^2 follows by least squares. The weights are the inverse variance
of an estimated transfer function (Bendat and Piersol, Random Data, 2010).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from sem_models.evaluation.frame_spectra import FrameSpectra, Plane, frame_spectra, no_texture
from sem_models.images.clipping import is_clipped

_MODEL = 0.01
"""Relative variance that is left where both frames agree perfectly: no kernel is exactly Gaussian."""
_VARIANCES_PX2 = np.concatenate([[-1.0], np.linspace(0, 14, 57) ** 2])
_ACCURACY_PX2 = 1e-4
_ERROR_PX2, _RELATIVE_ERROR = 0.25, 0.25
"""Largest standard error of d, absolute and relative to d; the larger of the two counts."""
_SURE = 2.0
"""Standard errors by which an image counts as sharper."""


@dataclass(frozen=True)
class BlurDifference:
    """The difference of the squared widths of the blur of two frames; a width is the sigma of a Gaussian in px."""

    variance_px2: float
    """Of the image minus that of the other frame; negative if the other is wider blurred."""
    error_px2: float
    """Standard error, by a jackknife over blocks of the field. It does not cover kernels that are not Gaussian."""
    shift_px: tuple[float, float]
    """(rows, columns) by which the image lies further down and to the right than the other frame."""
    clipped: float
    """Share of clipped pixels in the frame that has more of them. Where both frames are clipped alike, the difference
    looks smaller than it is, which the standard error does not cover."""

    @property
    def relative_width_px(self) -> float:
        """Width that blurs the other frame as far as the image; 0 if the image is not wider blurred.

        The blur of the image itself is at least that wide.
        """
        return sqrt(max(self.variance_px2, 0.0))

    @property
    def relative_error_px(self) -> float:
        """Standard error of the relative width; where this is nearly 0, how wide it may be."""
        return sqrt(max(self.variance_px2, 0.0) + self.error_px2) - self.relative_width_px

    @property
    def is_sharper(self) -> bool:
        """Whether the image is sharper than the other frame by more than two standard errors."""
        return self.variance_px2 < -_SURE * self.error_px2

    def width_px(self, focus_step_px: float) -> float:
        """Return the width of the blur of the image itself, where the difference of the two settings is known.

        The width grows linearly with the distance from focus and counts as negative before it, so that the frames may
        lie on either side: s2 - s1 = step and s2^2 - s1^2 = d give s2 = (d / step + step) / 2.

        Args:
            focus_step_px: By how much the width changes between the two settings, above 0.
        """
        return abs(self.variance_px2 / focus_step_px + focus_step_px) / 2

    def width_error_px(self, focus_step_px: float) -> float:
        """Return the standard error of `width_px`, for a step without error."""
        return self.error_px2 / (2 * focus_step_px)


def blur_difference(image: NDArray[Any], other: NDArray[Any]) -> BlurDifference:
    """Measure by how much an image is wider blurred than another frame of the same field.

    Gain, offset, noise and a shift may differ between the frames; rotation, magnification and contrast must not. For a
    disc the width is that of the Gaussian most like it, 15 to 20 % above half the radius.

    Args:
        image: (H, W), any dtype, at least 128 px in both directions.
        other: The other frame, of the same shape.

    Raises:
        UserError: They differ in size, are too small, or have no common structure that is fine enough.
    """
    spectra = frame_spectra(other, image)
    found = _fitted(spectra)
    if found is None:
        # The image is the sharper one, whose power stands above its noise.
        swapped = replace(spectra, first=spectra.second, second=spectra.first, noise=spectra.noise[:, ::-1])
        reverse = _fitted(swapped)
        found = (0.0, 0.0) if reverse is None else (-reverse[0], reverse[1])
    variance, error = found
    if error > max(_ERROR_PX2, _RELATIVE_ERROR * abs(variance)):
        raise no_texture()
    clipped = max(float(is_clipped(frame).mean()) for frame in (image, other))
    return BlurDifference(variance, error, spectra.shift_px, clipped)


def _fitted(spectra: FrameSpectra) -> tuple[float, float] | None:
    """Return d and its standard error; None if the second frame is sharper."""
    parts = spectra.first, spectra.second, spectra.cross, spectra.noise[:, :1]
    curve = _Curve.of(spectra, [part.mean(0) for part in parts])
    best = int(np.argmin([curve.misfit(variance) for variance in _VARIANCES_PX2]))
    if best == 0:
        return None
    near = _VARIANCES_PX2[best - 1] - 1, _VARIANCES_PX2[min(best + 1, len(_VARIANCES_PX2) - 1)] + 1
    count = len(spectra.first)
    without = ([(part.sum(0) - part[block]) / (count - 1) for part in parts] for block in range(count))
    found = np.array([_Curve.of(spectra, left).variance(near) for left in without])
    return curve.variance(near), sqrt((count - 1) / count * float(((found - found.mean()) ** 2).sum()))


class _Curve(NamedTuple):
    """The cross-spectrum over rings, and what it should be were it not for the difference of the blur."""

    frequency: Plane
    signal: Plane
    cross: Plane
    weight: Plane

    @classmethod
    def of(cls, spectra: FrameSpectra, means: Sequence[Plane]) -> "_Curve":
        """Take the mean powers of the first and the second frame, the cross-spectrum, and the noise of the first."""
        first, second, cross, noise = means
        power = first * second
        disagreement = np.maximum(1 - cross**2 / power, 0) + _MODEL
        return cls(spectra.frequency, first - noise, cross, spectra.counts / (power * disagreement))

    def misfit(self, variance_px2: float) -> float:
        """Return the weighted sum of squares that is left with the best gain."""
        expected = np.exp(-2 * pi**2 * self.frequency**2 * variance_px2) * self.signal
        gain = max(float(np.sum(self.weight * expected * self.cross) / np.sum(self.weight * expected**2)), 0.0)
        return float(np.sum(self.weight * (self.cross - gain * expected) ** 2))

    def variance(self, within: tuple[float, float]) -> float:
        """Return the d with the least misfit."""
        options = {"xatol": _ACCURACY_PX2}
        return float(minimize_scalar(self.misfit, bounds=within, method="bounded", options=options).x)

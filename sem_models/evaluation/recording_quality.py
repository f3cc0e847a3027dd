"""The quality of one recording: its noise, the finest detail above the noise, clipped pixels and lines without signal.

One frame does not tell everything: a specimen that is soft by nature and an image out of focus look alike, and noise
that is correlated between pixels hides what lies below it. What cannot be told is None, beside the reason.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter, uniform_filter1d

from sem_models.errors import UserError
from sem_models.evaluation.metrics.frequency import Rings, windowed_spectrum
from sem_models.images.intensity import UnitImage, pooled_range, to_unit
from sem_models.physics.find_in_recording import find_in_recording
from sem_models.physics.find_line_defects import find_lines_without_signal
from sem_models.physics.noise_estimate.estimate import NoiseEstimate, estimate_noise

MEASURED_PX = 1024
"""Largest edge of the part in the middle in which noise, detail and lines are measured."""
_ENOUGH = 2**24
"""Pixels after which more would not change a share visibly; evenly spaced rows of larger images are counted."""
_RINGS = 5
"""Rings of the spectrum that are averaged, so that a single one does not decide."""
_SMOOTH_PX = 9
"""Edge of the means whose spread is the contrast, so that noise does not count as contrast."""
_CONTRAST = (1.0, 99.0)
"""Percentiles between which the contrast lies."""
_WHITE_PX = 0.67
"""Correlation length up to which noise counts as white, for which it is 1 - 1/e = 0.63."""


@dataclass(frozen=True)
class RecordingQuality:
    """What one frame tells about its own quality."""

    noise: NoiseEstimate | None
    """In unit intensity; None if it cannot be told."""
    no_noise: str
    """Why the noise is unknown."""
    brightness: float
    """Median of the measured part, in unit intensity."""
    finest_px: float | None
    """Period of the finest detail that is as strong as the noise; 2 px is the limit of sampling. None if unknown."""
    no_finest: str
    """Why the finest detail is unknown."""
    darkest: float
    """Share of the pixels that have the lowest value of the whole image."""
    brightest: float
    """Share that have its highest value."""
    lines_without_signal: int
    """Scan lines of the measured part that are constant, or repeat the line above, over at least 48 px."""
    measured_px: tuple[int, int]
    """Rows and columns of the part in which noise, detail and lines were measured."""
    contrast: float
    """Part of the grey range that the measured part takes, without its brightest and darkest percent."""

    @property
    def noise_caveats(self) -> tuple[str, ...]:
        """What to know about the noise."""
        return self.noise.caveats if self.noise else ()

    @property
    def noise_std(self) -> float | None:
        """Standard deviation of the noise at the median brightness, in unit intensity."""
        return None if self.noise is None else self.noise.variance(max(self.brightness, 0.0)) ** 0.5

    @property
    def equivalent_dose_e_per_px(self) -> float | None:
        """Dose at which an image that takes the whole grey range would be as noisy, at its middle, for its contrast.

        A measure of noise of any kind. None if the noise is unknown, or if there is no contrast.
        """
        std = self.noise_std
        return 0.5 * (self.contrast / std) ** 2 if std and self.contrast > 0 else None


def recording_quality(image: NDArray[Any]) -> RecordingQuality:
    """Measure an image (H, W) of any dtype, without its data bar, as it was recorded: not filtered, not resampled."""
    part, rows = _middle(image), image[:: -(-image.size // _ENOUGH)]
    unit = to_unit(part, pooled_range([image]))
    noise, no_noise = _noise(unit)
    finest, no_finest = _finest(unit, noise)
    return RecordingQuality(
        noise=noise,
        no_noise=no_noise,
        brightness=float(np.median(unit)),
        finest_px=finest,
        no_finest=no_finest,
        darkest=float(np.mean(rows == image.min())),
        brightest=float(np.mean(rows == image.max())),
        lines_without_signal=int(find_in_recording(part, find_lines_without_signal).any(axis=1).sum()),
        measured_px=(int(part.shape[0]), int(part.shape[1])),
        contrast=float(np.ptp(np.percentile(uniform_filter(unit, _SMOOTH_PX), _CONTRAST))),
    )


def finest_detail_px(image: UnitImage, noise_variance: float) -> float:
    """Return the period at which the power of an image (H, W) falls to twice that of its white noise.

    There, detail is as strong as the noise. It is 2 px where the power stays above, and the longest period that the
    image holds where it is never above.
    """
    rings = Rings(image.shape)
    power = rings.sum(np.abs(windowed_spectrum(image)) ** 2) / rings.counts / image.size
    below = np.flatnonzero(uniform_filter1d(power, _RINGS, mode="nearest") < 2 * noise_variance)
    return 1 / float(rings.frequencies[below[0] if len(below) else -1])


def _middle(image: NDArray[Any]) -> NDArray[Any]:
    top, left = (max(0, (size - MEASURED_PX) // 2) for size in image.shape)
    return image[top : top + MEASURED_PX, left : left + MEASURED_PX]


def _noise(unit: UnitImage) -> tuple[NoiseEstimate | None, str]:
    try:
        return estimate_noise(unit), ""
    except UserError as error:
        return None, str(error)


def _finest(unit: UnitImage, noise: NoiseEstimate | None) -> tuple[float | None, str]:
    if noise is None:
        return None, "without its noise, the finest detail cannot be told."
    found = noise.correlation
    if found and max(found.along_px, found.across_px) > _WHITE_PX:
        return None, "noise that is correlated between pixels cannot be told from fine detail in one frame."
    brightness = float(np.clip(unit, 0, None).mean(dtype=np.float64))
    return finest_detail_px(unit, noise.variance(brightness)), ""

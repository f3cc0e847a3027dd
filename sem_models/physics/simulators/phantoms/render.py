"""Secondary-electron micrographs of a height map, with and without the degradation by the microscope."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from sem_models.physics.simulators.phantoms.terrain import Height, smooth

_GRAZING_COSINE = 0.25


@dataclass(frozen=True)
class Beam:
    """Recording conditions of the simulated microscope."""

    spot_sigma_px: float = 0.6
    """Standard deviation of the electron spot."""
    dose_e_per_px: float = 400.0
    """Detected electrons per pixel at white."""
    jitter_px: float = 0.15
    """Standard deviation of the start position of each scan line."""
    line_gain: float = 0.006
    """Standard deviation of the relative brightness of the lines, which varies slowly."""


def se_yield(height: Height) -> NDArray[np.float64]:
    """Compute the noise-free secondary-electron signal of a surface, (H, W) in [0, 1].

    The yield grows with the tilt of the surface as 1 / cos(theta), until the escape depth limits it. Convex edges emit
    to several sides and are bright; concave places are dark because their surroundings catch the electrons (Reimer,
    Scanning Electron Microscopy, 1998, chapters 4 and 6).
    """
    down, right = np.gradient(height)
    cosine = 1 / np.sqrt(1 + down**2 + right**2)
    tilt = 1 / np.maximum(cosine, _GRAZING_COSINE) - 1
    edge = np.tanh((height - smooth(height, 2.0)) / 2.5)
    open_sky = np.tanh((height - smooth(height, 16.0)) / 18.0)
    detector_side = -right * cosine
    signal = 0.55 + 0.32 * tilt + 0.55 * edge + 0.75 * open_sky + 0.16 * detector_side
    signal = gaussian_filter(np.maximum(signal, 0.02), 0.5)
    lo, hi = np.percentile(signal, (0.3, 99.7))
    stretched: NDArray[np.float64] = np.clip((signal - lo) / (hi - lo), 0, 1)
    return 0.04 + 0.92 * stretched**0.9


def record(signal: NDArray[np.float64], beam: Beam, rng: np.random.Generator) -> NDArray[np.float64]:
    """Simulate the recording of a signal: (H, W), roughly in [0, 1], not clipped."""
    rows, columns = np.mgrid[0 : signal.shape[0], 0 : signal.shape[1]].astype(np.float64)
    jitter = rng.normal(0, beam.jitter_px, (signal.shape[0], 1))
    scanned = map_coordinates(
        gaussian_filter(signal, beam.spot_sigma_px), [rows, columns + jitter], order=3, mode="reflect"
    )
    drift = gaussian_filter(rng.standard_normal((signal.shape[0], 1)), (3.0, 0), mode="wrap")
    scanned = scanned * (1 + beam.line_gain * drift / max(float(np.std(drift)), 1e-9))
    noisy: NDArray[np.float64] = rng.poisson(np.maximum(scanned, 0) * beam.dose_e_per_px) / beam.dose_e_per_px
    return noisy

"""Noise estimated from one frame against simulated truth, for noise that is white, smoothed, or streaked along lines.

    python -m benchmarks.denoising.correlated_noise --data FOLDER

Eleven real micrographs of four sets are smoothed by 1 px, which removes most of their own noise, and get noise of known
variance. Writes `correlated_noise.json`: estimated over true variance, correlation lengths in px where there are any,
and otherwise whether a caveat was given.
"""

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.runner import options
from sem_models.config.degradation import Scan
from sem_models.images.io.read import read_micrograph
from sem_models.physics.noise_estimate.estimate import estimate_noise
from sem_models.physics.scan import streak

HERE = Path(__file__).resolve().parent
SETS = {
    "nasa_ebc_bse/images/*.png": 3,
    "ampis_powder_sem/images/*.png": 3,
    "plant_stem_sem_databar/images/*.tif": 3,
    "axon_myelin_sem/sub-*/micr/*_SEM.png": 2,
}
SIGMA_PX = (0.0, 0.4, 0.7, 1.0)
DEVIATION, EDGE_PX = 0.06, 1024
Plane = NDArray[np.float64]


def main() -> None:
    """Score every micrograph and write."""
    data: Path = options(__doc__).data
    found = {}
    for pattern, count in SETS.items():
        for path in sorted(data.glob(pattern))[:count]:
            found[path.name] = _scores(_specimen(path))
            print(path.name, found[path.name], flush=True)
    (HERE / "correlated_noise.json").write_text(json.dumps(found, indent=1) + "\n")


def _specimen(path: Path) -> Plane:
    pixels = read_micrograph(path).pixels[:EDGE_PX, :EDGE_PX, 0].astype(np.float64)
    smooth: Plane = gaussian_filter((pixels - pixels.min()) / np.ptp(pixels), 1.0)
    return 0.15 + 0.7 * smooth


def _scores(specimen: Plane) -> dict[str, dict[str, float | bool]]:
    scores = {}
    for name, noise in _noises(specimen.shape).items():
        estimate = estimate_noise((specimen + noise).astype(np.float32))
        row: dict[str, float | bool] = {
            "variance_ratio": round(estimate.variance(float(np.median(specimen))) / DEVIATION**2, 3)
        }
        if estimate.correlation:
            row["along_px"] = round(estimate.correlation.along_px, 2)
            row["across_px"] = round(estimate.correlation.across_px, 2)
        else:
            row["caveat"] = bool(estimate.caveats)
        scores[name] = row
    return scores


def _noises(shape: tuple[int, ...]) -> dict[str, Plane]:
    noises = {}
    for sigma in SIGMA_PX:
        noise = gaussian_filter(np.random.default_rng(1).standard_normal(shape), sigma)
        noises[f"sigma {sigma:g} px"] = noise / noise.std() * DEVIATION
    flat = torch.zeros(1, 1, *shape)
    noises["streaks"] = streak(flat, Scan(streaks=DEVIATION), torch.Generator().manual_seed(0))[0, 0].double().numpy()
    return noises


if __name__ == "__main__":
    main()

"""Scores of a synthetic micrograph beside PSNR, which wants the one noise and texture that nobody could know."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
_QUANTILES = np.linspace(0, 1, 257)


def contrast_ratio(output: Image, target: Image) -> float:
    """Standard deviation of the output over that of the target: 1 is best, 0 is flat; NaN where the target is flat."""
    spread = float(target.std())
    return float(output.std()) / spread if spread else float("nan")


def histogram_distance(output: Image, target: Image) -> float:
    """First Wasserstein distance of the two grey-level histograms in units of the data range, from 257 quantiles.

    By how much grey levels must move on average to make the histograms equal; where they are plays no part.
    """
    difference = np.quantile(output, _QUANTILES) - np.quantile(target, _QUANTILES)
    return float(np.abs(difference).mean())


def synthesis_scores(output: Image, target: Image) -> dict[str, float]:
    """Both, by their names in the table of metrics, of images of one shape in unit intensity."""
    return {
        "contrast_ratio": contrast_ratio(output, target),
        "histogram_distance": histogram_distance(output, target),
    }

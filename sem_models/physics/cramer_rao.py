"""The smallest position error that shot noise allows: the Cramér-Rao bound of a Gaussian spot on a background."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import spence

_FAINT = 1e6
"""Ratio of background to peak from which the dilogarithm is replaced by its series, which cancels less."""


def position_bound_px(
    counts: NDArray[np.float64], background: NDArray[np.float64], sigma_px: float
) -> NDArray[np.float64]:
    """Return the least standard deviation in px, along each axis, of an unbiased estimate of the centre of a spot.

    The counts of the pixels are Poisson with mean b + N / (2 pi sigma^2) exp(-r^2 / (2 sigma^2)), in pixels that are
    small against sigma. With beta = 2 pi sigma^2 b / N, the Fisher information of either coordinate is

        N / sigma^2 (1 + beta Li2(-1 / beta)),

    where Li2 is the dilogarithm; without a background this is the familiar sigma / sqrt(N). Neither N, sigma nor b has
    to be known: by symmetry their errors are uncorrelated with those of the centre. The information follows from its
    definition (Kay, Fundamentals of Statistical Signal Processing I, 1993, section 3.9) by integration over the angle
    and then over exp(-r^2 / (2 sigma^2)).

    Args:
        counts: Expected electrons N of the spot above the background, (K,), above 0.
        background: Expected electrons b per pixel, (K,); negative values count as 0.
        sigma_px: Standard deviation of the spot.
    """
    beta = 2 * np.pi * sigma_px**2 * np.maximum(background, 0) / counts
    bound: NDArray[np.float64] = sigma_px / np.sqrt(counts * _share_left(beta))
    return bound


def _share_left(beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the information that a background leaves, 1 + beta Li2(-1 / beta)."""
    usual = np.clip(beta, 1e-12, _FAINT)
    # SciPy's spence(z) is Li2(1 - z).
    exact = 1 + usual * spence(1 + 1 / usual)
    return np.where(beta > _FAINT, 1 / (4 * np.maximum(beta, 1)), exact)

"""The closed form of the position bound, compared with Fisher information summed over pixels."""

import numpy as np
import pytest

from sem_models.physics.cramer_rao import position_bound_px


def numerical_bound_px(counts: float, background: float, sigma: float) -> float:
    """Invert the information of all five parameters (row, column, N, b, sigma), by finite differences on pixels."""
    half = int(np.ceil(7 * sigma))
    row, column = np.mgrid[-half : half + 1, -half : half + 1]

    def mean(values: np.ndarray) -> np.ndarray:
        r, c, n, b, s = values
        return b + n / (2 * np.pi * s**2) * np.exp(-((row - r) ** 2 + (column - c) ** 2) / (2 * s**2))

    at = np.array([0.2, -0.3, counts, background, sigma])
    steps = 1e-4 * np.array([1, 1, counts, max(background, 1e-3), sigma])
    slopes = np.array([(mean(at + h) - mean(at - h)).ravel() / (2 * h.sum()) for h in np.diag(steps)])
    information = slopes / np.maximum(mean(at).ravel(), 1e-300) @ slopes.T
    return float(np.sqrt(np.linalg.inv(information)[0, 0]))


@pytest.mark.parametrize("sigma", [1.5, 3.0])
@pytest.mark.parametrize("background", [0.01, 0.3, 5.0, 400.0])
def test_closed_form_and_numerical_information(sigma: float, background: float) -> None:
    """Nothing has to be known beforehand: the inverse of the whole matrix has the same entry."""
    bound = position_bound_px(np.array([150.0]), np.array([background]), sigma)
    assert bound == pytest.approx([numerical_bound_px(150.0, background, sigma)], rel=5e-3)


def test_limits() -> None:
    counts = np.array([1.0, 100.0, 1e4])
    nothing = position_bound_px(counts, np.zeros(3), 2.0)
    np.testing.assert_allclose(nothing, 2 / np.sqrt(counts), rtol=1e-6)
    np.testing.assert_array_equal(position_bound_px(counts, np.full(3, -1.0), 2.0), nothing)
    # On a bright background the noise is uniform: information N^2 / (8 pi sigma^4 b).
    bright = position_bound_px(counts, np.full(3, 1e7), 2.0)
    np.testing.assert_allclose(bright, np.sqrt(8 * np.pi * 2.0**4 * 1e7) / counts, rtol=1e-3)

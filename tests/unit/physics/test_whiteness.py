"""Where no correlation length can be measured, the highest frequencies decide between silence and a note."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from sem_models.physics.noise_estimate.estimate import estimate_noise
from sem_models.physics.noise_estimate.whiteness import high_frequencies

Plane = NDArray[np.float64]
BLOCKS = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((64, 64)))


def smoothed(sigma: float | tuple[float, float], size: int, seed: int = 0) -> Plane:
    noise: Plane = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), sigma)
    return noise / noise.std()


def power(kernel: Plane, sigma: float) -> float:
    """Variance of differences of noise after a sampled Gaussian: the sum of squares of both kernels convolved."""
    point = np.eye(1, 65, 32)[0]
    blur = gaussian_filter1d(point, sigma) if sigma else point
    return float((np.convolve(blur, kernel) ** 2).sum() / (blur**2).sum() / (kernel**2).sum())


@pytest.mark.parametrize("sigmas", [(0.0, 0.0), (0.0, 0.4), (0.4, 0.4), (1.0, 1.0)])
def test_ratio_in_closed_form(sigmas: tuple[float, float]) -> None:
    second, fourth = np.array([1.0, -2, 1]), np.array([1.0, -4, 6, -4, 1])
    expected = np.prod([power(fourth, sigma) / power(second, sigma) for sigma in sigmas])
    found = high_frequencies(0.5 + 0.05 * smoothed(sigmas, 1024))
    assert found.ratio == pytest.approx(expected, abs=4 * found.standard_error)
    assert found.standard_error < 0.005


def test_the_error_is_that_of_repeated_measurements() -> None:
    found = [high_frequencies(0.5 + 0.05 * smoothed(0, 192, seed)) for seed in range(40)]
    spread = np.std([one.ratio for one in found])
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.3)


def few_places(sigma: float) -> Plane:
    return 0.5 + 0.05 * smoothed(sigma, 256)


def uneven_places(sigma: float) -> Plane:
    """Patches differ more than noise of one brightness does; which of them are flattest depends on the slow field."""
    row, column = np.mgrid[:512, :512]
    return 0.5 + 0.2 * np.sin(row / 32) * np.cos(column / 32) + (0.03 + 0.02 * BLOCKS) * smoothed(sigma, 512)


@pytest.mark.parametrize("image", [few_places, uneven_places])
def test_noise_of_unknown_correlation_is_silent_only_if_white(image) -> None:
    """Smoothed by 0.4 px, its variance comes out at 0.78 of the truth, and neighbours correlate by less than 0.1."""
    notes = {}
    for sigma in (0.0, 0.4):
        estimate = estimate_noise(image(sigma).astype(np.float32))
        assert estimate.correlation is None
        notes[sigma] = [note for note in estimate.caveats if "orrelat" in note]
    assert notes[0.0] == []
    (note,) = notes[0.4]
    assert "Correlation of the noise cannot be excluded" in note
    assert 0.9 < float(note.split("frequencies have ")[1].split(" ")[0]) < 0.97


def test_white_noise_is_not_told_from_fine_structure() -> None:
    noise = smoothed(0, 256)
    fine = np.kron(np.random.default_rng(1).standard_normal((128, 128)), np.ones((2, 2)))
    assert not high_frequencies(noise + fine).are_white


def test_a_few_pixels_show_nothing() -> None:
    assert not high_frequencies(smoothed(0, 64)).are_white

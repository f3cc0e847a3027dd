"""No-reference scores, compared with simulations in which the clean image is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from skimage.metrics import peak_signal_noise_ratio

from sem_models.evaluation.metrics.no_reference import (
    MEASURES,
    residual_row_correlation,
    residual_structure,
    residual_whiteness,
    score_residual,
    score_second_frame,
    variance_stabilised,
)
from sem_models.evaluation.metrics.two_frames import psnr_of, two_frame_mse, two_frame_psnr_db
from tests.support.images import smooth_images

CLEAN = (smooth_images(1, 256)[0] / 255).astype(np.float32)


def noise(seed: int, std: float = 0.1, shape: tuple[int, int] = (256, 256)) -> np.ndarray:
    return (std * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("width", [0.5, 1.0, 3.0])
def test_two_frames_give_the_true_psnr(width: float) -> None:
    first, second = CLEAN + noise(1), CLEAN + noise(2)
    output = gaussian_filter(first, width)
    true = peak_signal_noise_ratio(CLEAN, output, data_range=1)
    assert two_frame_psnr_db(output, first, second) == pytest.approx(true, abs=0.1)
    assert two_frame_psnr_db(first, first, second) == pytest.approx(20, abs=0.1)
    naive = peak_signal_noise_ratio(second, output, data_range=1)
    assert naive < true - 1, "against the second frame alone the score is far too low"


@pytest.mark.parametrize("second_std", [0.05, 0.1, 0.2])
def test_frames_may_differ_in_noise(second_std: float) -> None:
    first, second = CLEAN + noise(1), CLEAN + noise(2, second_std)
    output = gaussian_filter(first, 1)
    true = peak_signal_noise_ratio(CLEAN, output, data_range=1)
    assert two_frame_psnr_db(output, first, second) == pytest.approx(true, abs=0.3)
    assert two_frame_psnr_db(first, first, second) == pytest.approx(20, abs=0.1)


def test_the_estimate_scatters_as_stated_and_has_no_bias() -> None:
    """A perfect output of a smooth image; noise of .1 and .15."""
    shape, runs = (32, 32), 400
    clean = CLEAN[:32, :32]
    estimates = []
    for seed in range(runs):
        first, second = clean + noise(2 * seed, 0.1, shape), clean + noise(2 * seed + 1, 0.15, shape)
        estimates.append(two_frame_mse(clean, first, second))
    v1, v2 = 0.01, 0.0225
    expected = np.sqrt(v2 * (v1 + v2) / 1024)
    assert np.std(estimates) == pytest.approx(expected, rel=0.15)
    assert abs(np.mean(estimates)) < 4 * expected / np.sqrt(runs)
    assert np.isnan(psnr_of(-1e-9))
    assert psnr_of(0.01) == pytest.approx(20)


def test_white_noise_stays_below_its_limit_and_smoothed_noise_does_not() -> None:
    above = [w.largest > w.limit for w in (residual_whiteness(noise(seed, shape=(64, 80))) for seed in range(100))]
    assert sum(above) <= 5
    found = residual_whiteness(noise(0))
    # The 60 lags at 1 % together, two-sided: 1 - 0.01 / 120 of a normal.
    assert found.limit == pytest.approx(3.765 / 256, rel=0.05)
    smooth = residual_whiteness(gaussian_filter(noise(0), 0.6))
    assert smooth.largest > 10 * smooth.limit


def test_shot_noise_is_white_though_it_is_stronger_where_it_is_bright() -> None:
    bright = 0.01 + np.linspace(0, 1, 64, dtype=np.float32)[:, None] ** 4 * np.ones((64, 64), np.float32)
    found = [residual_whiteness(noise(seed, 1, (64, 64)) * np.sqrt(bright)) for seed in range(100)]
    assert sum(w.largest > w.limit for w in found) <= 5
    plain = 3.765 / 64
    assert sum(w.largest > plain for w in found) > 15, "the limit for one variance would cry wolf"


def test_autocorrelation_is_pearsons_at_a_single_lag() -> None:
    """Noise plus the same noise shifted by (2, -3) has a correlation of one half at this lag."""
    white = noise(3)
    residual = white + np.roll(white, (2, -3), axis=(0, 1))
    assert residual_whiteness(residual).largest == pytest.approx(0.5, abs=0.03)
    assert abs(residual_row_correlation(residual)) < 0.03


def test_correlation_along_scan_lines() -> None:
    """The mean of two neighbours has a correlation of one half along their direction and none across it."""
    white = noise(4)
    along, across = white + np.roll(white, 1, axis=1), white + np.roll(white, 1, axis=0)
    assert residual_row_correlation(along) == pytest.approx(0.5, abs=0.02)
    assert abs(residual_row_correlation(across)) < 0.02
    assert residual_whiteness(gaussian_filter1d(white, 1.0, axis=1)).largest > 0.5


def test_edges_in_the_residual_are_found() -> None:
    """Pure noise contains no edges; the more a filter blurs, the more of them it removes."""
    noisy = CLEAN + noise(5, 0.03)
    assert residual_structure(noise(6), CLEAN) < 0.03
    left = [residual_structure(noisy - blurred, blurred) for blurred in (gaussian_filter(noisy, s) for s in (0.7, 1.5))]
    assert 0.2 < left[0] < left[1]


def test_the_identity_has_no_residual() -> None:
    first, second = CLEAN + noise(1), CLEAN + noise(2)
    scores = score_residual(first, first) | score_second_frame(first, second, first)
    assert scores["noise_std"] == 0
    assert all(np.isnan(scores[name]) for name in MEASURES if name.startswith("residual"))
    assert scores["frc_second_output"] == scores["frc_second_input"]
    assert scores["two_frame_psnr_db"] == scores["two_frame_input_psnr_db"]
    assert set(scores) == set(MEASURES)


def test_a_perfect_output_passes_and_a_blurred_one_does_not() -> None:
    first, second = CLEAN + noise(1), CLEAN + noise(2)
    perfect = score_residual(first, CLEAN) | score_second_frame(first, second, CLEAN)
    assert perfect["noise_std"] == pytest.approx(0.1, rel=0.02)
    assert perfect["residual_whiteness"] < perfect["residual_white_limit"]
    assert perfect["residual_structure"] < 0.03
    assert perfect["frc_second_output"] > perfect["frc_second_input"] + 0.02
    blurred = score_residual(first, gaussian_filter(first, 2))
    assert blurred["residual_whiteness"] > 3 * blurred["residual_white_limit"]
    assert blurred["residual_structure"] > 0.1


def test_damage_counts_the_same_in_dark_and_bright_areas() -> None:
    """A pattern of half the local deviation, in the dark half or in the bright one, where noise is 5 times stronger.

    Either way its share of the correlation is .2 on one half of the pixels.
    """
    bright = np.zeros((256, 256), np.float32)
    bright[:, 128:] = 1
    deviation = (0.02 + 0.08 * bright).astype(np.float32)
    output = bright + noise(8, 1e-4)
    pattern = np.sqrt(2) * np.cos(np.pi / 2 * np.arange(256, dtype=np.float32)) * np.ones((256, 1), np.float32)
    found = []
    for half in (1 - bright, bright):
        residual = deviation * (noise(9, 1.0) + 0.5 * pattern * half)
        found.append(residual_whiteness(variance_stabilised(residual, output)).largest)
        plain = residual_whiteness(residual).largest
        assert plain < 0.03 or plain > 0.12, "without it the dark half hardly counts and the bright one alone does"
    assert found == pytest.approx([0.1, 0.1], abs=0.02)


def test_shot_noise_leaves_no_structure_in_a_perfect_residual() -> None:
    """Bright columns of atoms have steep flanks and strong noise, which is no sign of removed edges."""
    row, column = np.mgrid[:256, :256]
    clean = (0.05 + np.exp(2 * (np.cos(row / 3) + np.cos(column / 3) - 2))).astype(np.float32)
    noisy = (np.random.default_rng(0).poisson(clean * 40) / 40).astype(np.float32)
    assert residual_structure(noisy - clean, clean) > 0.05
    assert score_residual(noisy, clean)["residual_structure"] < 0.03

"""Gradients, spectra, ring correlation and down-consistency against closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy.special import erf

from sem_models.evaluation.metrics.down_consistency import down_consistency_db
from sem_models.evaluation.metrics.frequency import (
    RingCorrelation,
    Rings,
    frc_mean,
    frc_resolution_px,
    is_finest_period,
    radial_power_db,
    ring_correlation,
    spectrum_distance_db,
    windowed_spectrum,
)
from sem_models.evaluation.metrics.gradients import edge_retention, gradient_error
from sem_models.physics.downsampling import downsample

SIDE = 256


def white(seed: int, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def ramp(down: float, right: float) -> np.ndarray:
    rows, columns = np.mgrid[:40, :50]
    return (down * rows + right * columns).astype(np.float32)


def edge(sigma_px: float) -> np.ndarray:
    """A vertical step in the middle of (64, 200), blurred by a Gaussian."""
    profile = 0.5 + 0.5 * erf((np.arange(200) - 99.5) / (math.sqrt(2) * sigma_px))
    return np.tile(profile.astype(np.float32), (64, 1))


def test_gradient_error_of_ramps_is_the_difference_of_their_slopes() -> None:
    assert gradient_error(ramp(0, 0.01), ramp(0, 0.03), 1.0) == pytest.approx(0.02, rel=1e-5)
    assert gradient_error(ramp(0.03, 0.04), ramp(0, 0), 1.0) == pytest.approx(0.05, rel=1e-5), "3, 4, 5"
    assert gradient_error(ramp(0.02, 0), ramp(0, 0.02), 1.0) == pytest.approx(0, abs=1e-6), "direction does not count"
    assert gradient_error(ramp(0, 1), ramp(0, 3), 255.0) == pytest.approx(2 / 255, rel=1e-5)
    assert gradient_error(ramp(0, 0.01) + 0.3, ramp(0, 0.01), 1.0) == pytest.approx(0, abs=1e-6)
    assert math.isnan(gradient_error(ramp(0, 1)[:6], ramp(0, 1)[:6], 1.0))


def test_edge_retention_is_the_contrast_that_is_left() -> None:
    target = edge(1.0)
    for contrast in (0.0, 0.4, 1.0, 1.5, -1.0):
        assert edge_retention(contrast * target + 0.2, target, 1.0) == pytest.approx(contrast, abs=1e-5)
    assert math.isnan(edge_retention(target, np.full_like(target, 0.5), 1.0)), "no boundary in a flat target"


def test_edge_retention_of_a_blurred_edge() -> None:
    """Two Gaussian slopes of variances a and b overlap by 1 / sqrt(2 pi (a + b)).

    Central differences add 1/3 px^2 to each variance, the smoothing of the target's direction 1 px^2.
    """
    for output, target in ((4.0, 3.0), (2.0, 3.0), (3.0, 1.5)):
        direction = target**2 + 1 / 3 + 1
        expected = math.sqrt((target**2 + 1 / 3 + direction) / (output**2 + 1 / 3 + direction))
        assert abs(expected - 1) > 0.1
        assert edge_retention(edge(output), edge(target), 1.0) == pytest.approx(expected, rel=0.01)


def test_noise_does_not_fake_retention() -> None:
    """Noise as steep as the edges counts as retained by magnitudes, but not by projections."""
    target, noise = edge(3.0), 0.2 * white(0, (64, 200))
    magnitudes = [np.hypot(*np.gradient(image)) for image in (noise, target)]
    boundary = magnitudes[1] > np.quantile(magnitudes[1], 0.9)
    assert magnitudes[0][boundary].sum() > magnitudes[1][boundary].sum()
    assert edge_retention(noise, target, 1.0) == pytest.approx(0, abs=0.05)
    assert edge_retention(target + noise, target, 1.0) == pytest.approx(1, abs=0.05)
    noisy_target = target + 0.02 * white(1, (64, 200))
    assert edge_retention(target, noisy_target, 1.0) == pytest.approx(1, abs=0.02)
    assert edge_retention(0.5 * target + noise, noisy_target, 1.0) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("shape", [(32, 32), (33, 32), (32, 45), (31, 17)])
def test_rings_are_those_of_the_whole_spectrum(shape: tuple[int, int]) -> None:
    """Every Fourier pixel of an ordinary FFT, one by one."""
    image, rings = white(0, shape), Rings(shape)
    window = np.outer(*(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in shape))
    whole = np.abs(np.fft.fft2((image - image.mean(dtype=np.float64)) * window)) ** 2 / np.mean(window**2)
    sums, counts = np.zeros(min(shape) // 2 + 1), np.zeros(min(shape) // 2 + 1)
    for (row, column), power in np.ndenumerate(whole):
        ring = round(math.hypot(*np.fft.fftfreq(shape[0])[[row]], *np.fft.fftfreq(shape[1])[[column]]) * min(shape))
        if ring < len(sums):
            sums[ring] += power
            counts[ring] += 1
    assert rings.counts.tolist() == counts[1:].tolist()
    np.testing.assert_allclose(rings.sum(np.abs(windowed_spectrum(image)) ** 2), sums[1:], rtol=1e-9)
    np.testing.assert_allclose(rings.frequencies, np.arange(1, min(shape) // 2 + 1) / min(shape))


def test_spectrum_distance_of_a_contrast_is_its_decibels() -> None:
    target = 0.5 + 0.1 * white(0)
    for contrast in (0.5, 2.0):
        output = 0.3 + contrast * (target - 0.5)
        assert spectrum_distance_db(output, target, 1.0) == pytest.approx(abs(20 * math.log10(contrast)), abs=1e-4)
    assert spectrum_distance_db(255 * output, 255 * target, 255.0) == pytest.approx(20 * math.log10(2), abs=1e-4)
    assert spectrum_distance_db(target, target, 1.0) == 0
    assert spectrum_distance_db(target[::-1, ::-1], target, 1.0) < 0.5, "position does not count"
    assert math.isnan(spectrum_distance_db(target[:15], target[:15], 1.0))


def test_radial_power_is_where_and_as_high_as_it_should_be() -> None:
    """White noise of variance v is at 10 log10 v, a flat image at rounding noise, 1/12 of a squared grey level."""
    rings = Rings((SIDE, SIDE))
    power = radial_power_db(0.1 * white(0), rings)
    assert np.mean(10 ** (power[10:] / 10)) == pytest.approx(0.01, rel=0.03)
    wave = np.tile(np.sin(2 * np.pi * 0.125 * np.arange(SIDE)), (SIDE, 1)).astype(np.float32)
    assert rings.frequencies[np.argmax(radial_power_db(wave, rings))] == pytest.approx(0.125)
    flat = np.full((SIDE, SIDE), 0.5, np.float32)
    assert radial_power_db(flat, rings) == pytest.approx(-20 * math.log10(255) - 10 * math.log10(12))
    target = 0.5 + 0.1 * white(0)
    emptiness = spectrum_distance_db(flat, target, 1.0)
    assert emptiness == pytest.approx(-20 + 20 * math.log10(255) + 10 * math.log10(12), abs=0.5)
    assert spectrum_distance_db(255 * flat, 255 * target, 255.0) == pytest.approx(emptiness, abs=1e-3)


@pytest.mark.parametrize("ratio", [0.2, 1.0, 4.0])
def test_white_noise_pair_correlates_as_its_signal_to_noise_ratio(ratio: float) -> None:
    """Two noisy halves of one signal: SNR / (1 + SNR) in every ring, within five standard errors (window: factor 2)."""
    signal, noise = math.sqrt(ratio) * white(0), (white(1), white(2))
    curve = ring_correlation(signal + noise[0], signal + noise[1])
    expected = ratio / (1 + ratio)
    assert np.all(np.abs(curve.correlation - expected) < 10 / np.sqrt(curve.counts))
    assert frc_mean(3 * (signal + noise[0]) + 7, signal + noise[1], 1.0) == pytest.approx(expected, abs=0.02)


def test_thresholds_of_halves_and_of_a_truth_agree() -> None:
    """Halves that correlate at 1/7 have a mean that correlates with the truth at 1/2 (Rosenthal & Henderson, 2003)."""
    signal, noise = white(0), (math.sqrt(6) * white(1), math.sqrt(6) * white(2))
    halves = ring_correlation(signal + noise[0], signal + noise[1])
    truth = ring_correlation(signal + (noise[0] + noise[1]) / 2, signal)
    assert halves.correlation[20:].mean() == pytest.approx(1 / 7, abs=0.03)
    assert truth.correlation[20:].mean() == pytest.approx(1 / 2, abs=0.03)


@pytest.mark.parametrize("cutoff", [0.1, 0.2, 0.35])
@pytest.mark.parametrize("threshold", ["1/7", "1/2", "half-bit"])
def test_resolution_is_the_cut_off(cutoff: float, threshold: str) -> None:
    """An ideal low-pass with a little independent noise agrees with the image up to the cut-off and no further."""
    target = white(0)
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None, :])
    passed = np.fft.ifft2(np.fft.fft2(target) * (radius < cutoff)).real
    output = (passed + 0.1 * white(1)).astype(np.float32)
    curve = ring_correlation(output, target)
    assert 1 / curve.resolution_px(threshold) == pytest.approx(cutoff, abs=2 / SIDE)
    if threshold == "1/7":
        assert frc_resolution_px(output, target, 1.0) == curve.resolution_px("1/7")


@pytest.mark.parametrize("side", [16, 17, 64, 65, 255, 1023, 4001])
def test_the_finest_period_of_an_image_is_only_an_upper_bound(side: int) -> None:
    """It is 2 px, or a little more for odd sides, whose last ring lies below half a cycle per pixel."""
    frequencies = np.arange(1, side // 2 + 1) / side
    agrees, fails = np.ones(len(frequencies)), np.ones(len(frequencies))
    fails[-1] = 0
    for correlation, finest in ((agrees, True), (fails, False)):
        curve = RingCorrelation(frequencies, correlation, np.full(len(frequencies), np.inf))
        assert is_finest_period(curve.resolution_px()) == finest
    assert not is_finest_period(float("nan"))
    assert not is_finest_period(side), "the coarsest ring: nothing agrees"


def test_resolution_at_the_ends_and_between_rings() -> None:
    target = white(0)
    assert frc_resolution_px(target, target, 1.0) == 2
    assert frc_mean(target, target, 1.0) == pytest.approx(1)
    assert frc_mean(-target, target, 1.0) == pytest.approx(-1)
    assert frc_resolution_px(np.zeros_like(target), target, 1.0) == SIDE
    assert math.isnan(frc_mean(target, np.full_like(target, 0.1), 1.0))
    assert math.isnan(frc_resolution_px(np.full_like(target, np.nan), target, 1.0))
    curve = RingCorrelation(np.array([0.1, 0.2, 0.3]), np.array([1.0, 3 / 7, -1 / 7]), np.full(3, np.inf))
    assert curve.resolution_px() == pytest.approx(4), "half-way between 0.2 and 0.3"


def test_half_bit_threshold_at_its_limits() -> None:
    """1 for a single Fourier pixel, 0.2071 / 1.2071 = 0.1716 for very many (van Heel & Schatz, 2005)."""
    curve = RingCorrelation(np.array([0.1, 0.2]), np.array([1.0, 1.0]), np.array([1.0, 1e12]))
    assert curve._limit("half-bit") == pytest.approx([1, 0.17157], abs=1e-4)


@pytest.mark.parametrize("kind", ["bicubic_aa", "cubic_aliased", "gaussian_area"])
def test_down_consistency_of_the_truth_is_the_cap(kind: str) -> None:
    sharp = np.random.default_rng(0).random((1, 48, 60), np.float32)
    low = downsample(torch.from_numpy(sharp)[None], 4, kind)[0].numpy()
    assert down_consistency_db(sharp, low, 4, kind, 1.0) == 100
    assert down_consistency_db(sharp + np.float32(0.01), low, 4, kind, 1.0) == pytest.approx(40, abs=1e-3), "1 / 100"
    assert down_consistency_db(255 * sharp + 2.55, 255 * low, 4, kind, 255.0) == pytest.approx(40, abs=1e-3)
    noisy = low + np.float32(0.1) * np.random.default_rng(1).standard_normal(low.shape, np.float32)
    level = 10 * math.log10(1 / float(((noisy - low) ** 2).mean()))
    assert down_consistency_db(sharp, noisy, 4, kind, 1.0) == pytest.approx(level, abs=1e-3)


def test_down_consistency_of_repeated_pixels_where_the_operator_samples_centres() -> None:
    """At a scale of 3 without anti-aliasing, the cubic samples the centre of each 3 x 3 block, which is the input."""
    low = np.random.default_rng(0).random((1, 15, 20), np.float32)
    repeated = low.repeat(3, axis=1).repeat(3, axis=2)
    assert down_consistency_db(repeated, low, 3, "cubic_aliased", 1.0) == 100
    assert down_consistency_db(repeated, low, 3, "gaussian_area", 1.0) < 40

"""What one frame tells about itself: noise, finest detail, clipping, lines without signal."""

import numpy as np
import pytest

from sem_models.evaluation.recording_quality import finest_detail_px, recording_quality

SIZE = 256


def textured(sigma_px: float, seed: int = 0) -> np.ndarray:
    """White texture of unit variance, blurred by the transfer function of a Gaussian."""
    spectrum = np.fft.fft2(np.random.default_rng(seed).standard_normal((SIZE, SIZE)))
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE)[None, :])
    return np.fft.ifft2(spectrum * np.exp(-2 * (np.pi * sigma_px * frequency) ** 2)).real


def ramp(dose_e_per_px: float) -> np.ndarray:
    """A ramp from 0.1 to 0.5 of white, recorded with so many electrons, 8 bit."""
    signal = np.broadcast_to(np.linspace(0.1, 0.5, SIZE), (SIZE, SIZE))
    counted = np.random.default_rng(1).poisson(signal * dose_e_per_px) / dose_e_per_px
    return np.clip(np.rint(counted * 255), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("sigma_px", "variance"), [(1.5, 0.01), (3.0, 0.01), (2.0, 0.2)])
def test_detail_ends_where_a_known_spectrum_meets_the_noise(sigma_px: float, variance: float) -> None:
    noise = np.random.default_rng(5).normal(scale=variance**0.5, size=(SIZE, SIZE))
    image = (textured(sigma_px) + noise).astype(np.float32)
    # The power exp(-4 pi^2 sigma^2 f^2) of the texture equals the variance of the noise.
    expected = 2 * np.pi * sigma_px / np.sqrt(np.log(1 / variance))
    assert finest_detail_px(image, variance) == pytest.approx(expected, rel=0.06)


def test_detail_is_limited_by_sampling_where_it_is_always_above_the_noise() -> None:
    assert finest_detail_px(textured(0).astype(np.float32), 0.01) == 2


@pytest.mark.parametrize("dose_e_per_px", [20, 80])
def test_shot_noise_is_related_to_the_contrast(dose_e_per_px: float) -> None:
    """The ramp is 0.3 bright in the middle and takes 0.4 of the range, of which two percent do not count."""
    found = recording_quality(ramp(dose_e_per_px))
    expected = 0.5 * (0.98 * 0.4) ** 2 / (0.3 / dose_e_per_px)
    assert found.equivalent_dose_e_per_px == pytest.approx(expected, rel=0.15)
    assert found.noise_std == pytest.approx((0.3 / dose_e_per_px) ** 0.5, rel=0.1)
    assert found.measured_px == (SIZE, SIZE)
    assert found.lines_without_signal == 0


def test_less_contrast_is_as_bad_as_more_noise() -> None:
    """The same image with a third of the contrast and a third of the noise is as noisy for its contrast."""
    signal = np.broadcast_to(np.linspace(0, 1, SIZE), (SIZE, SIZE))
    noise = np.random.default_rng(3).normal(scale=0.08, size=(SIZE, SIZE))
    weak, strong = (
        recording_quality(np.rint(255 * (0.5 + part * (signal - 0.5 + noise))).clip(0, 255).astype(np.uint8))
        for part in (0.2, 0.6)
    )
    assert weak.contrast == pytest.approx(0.2, rel=0.1)
    assert strong.contrast == pytest.approx(0.6, rel=0.1)
    for found in (weak, strong):
        assert found.equivalent_dose_e_per_px == pytest.approx(0.5 / 0.08**2, rel=0.15)


def test_clipped_pixels_are_counted_on_both_sides() -> None:
    image = np.clip(ramp(80), 1, 254)
    image[:8], image[-16:] = 0, 255
    found = recording_quality(image)
    assert (found.darkest, found.brightest) == (8 / SIZE, 16 / SIZE)


def test_lines_without_signal_are_counted() -> None:
    image = ramp(80)
    image[[50, 120]] = 0
    assert recording_quality(image).lines_without_signal == 2


@pytest.mark.parametrize("image", [np.full((SIZE, SIZE), 100, np.uint8), ramp(20)[:40, :40]])
def test_what_cannot_be_told_has_its_reason(image: np.ndarray) -> None:
    found = recording_quality(image)
    assert found.noise is None
    assert found.equivalent_dose_e_per_px is None
    assert found.finest_px is None
    assert found.no_noise.endswith(".")
    assert found.no_finest.endswith(".")


def test_detail_below_correlated_noise_is_not_claimed() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(SIZE * 2, SIZE * 2))
    correlated = sum(np.roll(noise, lag, axis=1) for lag in range(-2, 3)) / 5**0.5
    found = recording_quality((0.5 + 0.05 * correlated).astype(np.float32))
    assert found.finest_px is None
    assert "correlated" in found.no_finest

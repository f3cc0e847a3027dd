"""The difference of the blur of two frames, on specimens that were blurred by known widths."""

import numpy as np
import pytest
from scipy.ndimage import fourier_gaussian, fourier_shift, gaussian_filter
from scipy.special import j1

from sem_models.errors import UserError
from sem_models.evaluation.blur_difference import BlurDifference, blur_difference
from sem_models.evaluation.frame_spectra import frame_spectra

EDGE = 256


def specimen(seed: int) -> np.ndarray:
    """Fine and coarse texture, periodic, with a standard deviation of 0.15."""
    random = np.random.default_rng(seed).normal(size=(EDGE, EDGE))
    texture = gaussian_filter(random, 1, mode="wrap") + 4 * gaussian_filter(random, 6, mode="wrap")
    return 0.5 + 0.15 * (texture - texture.mean()) / texture.std()


def recorded(
    sharp: np.ndarray, width_px: float, noise: float, seed: int, shift: tuple[float, float] = (0, 0), gain: float = 1
) -> np.ndarray:
    """Blur and shift exactly, in Fourier space; then change gain and offset, and add white noise."""
    spectrum = fourier_shift(fourier_gaussian(np.fft.fft2(sharp), width_px), shift)
    noisy = gain * np.fft.ifft2(spectrum).real + 0.1 + noise * np.random.default_rng(seed).normal(size=sharp.shape)
    return noisy.astype(np.float32)


@pytest.mark.parametrize(
    ("sharper", "wider", "noise", "shift"),
    [
        (0.0, 0.5, 0.01, (0.0, 0.0)),
        (0.0, 1.0, 0.02, (2.4, -3.3)),
        (1.0, 2.0, 0.05, (0.0, 0.0)),
        (0.5, 3.0, 0.02, (-6.5, 4.2)),
        (1.5, 4.0, 0.02, (1.0, 0.5)),
    ],
)
def test_the_width_between_two_frames_is_found(
    sharper: float, wider: float, noise: float, shift: tuple[float, float]
) -> None:
    sharp = specimen(3)
    first = recorded(sharp, sharper, noise, 1)
    second = recorded(sharp, wider, 2 * noise, 2, shift, gain=0.7)
    found = blur_difference(second, first)
    true = (wider**2 - sharper**2) ** 0.5
    assert found.relative_width_px == pytest.approx(true, rel=0.05)
    assert found.relative_error_px < 0.05 * true
    assert found.shift_px == pytest.approx(shift, abs=0.15)
    assert not found.is_sharper
    other_way = blur_difference(first, second)
    assert other_way.variance_px2 == pytest.approx(-found.variance_px2, rel=0.03)
    assert other_way.is_sharper
    assert other_way.relative_width_px == 0


def test_the_error_covers_the_scatter() -> None:
    """Six specimens and noises: the deviations are as large as the standard errors say."""
    deviations = []
    for seed in range(6):
        sharp = specimen(seed)
        found = blur_difference(recorded(sharp, 2, 0.03, seed + 20), recorded(sharp, 1, 0.03, seed + 40))
        deviations.append((found.variance_px2 - 3) / found.error_px2)
    assert 0.5 < np.sqrt(np.mean(np.square(deviations))) < 2


def test_frames_of_equal_blur_differ_by_nothing() -> None:
    sharp = specimen(0)
    first, second = (recorded(sharp, 1.5, 0.03, seed) for seed in (1, 2))
    found = blur_difference(first, second)
    assert abs(found.variance_px2) < 3 * found.error_px2
    assert not found.is_sharper
    assert blur_difference(first, first).relative_width_px < 0.1


def test_clipped_pixels_are_counted_and_make_the_width_too_small() -> None:
    wide, sharp = (recorded(specimen(0), width, 0.02, 10 + width) for width in (2, 1))
    found = blur_difference(np.minimum(wide, np.quantile(wide, 0.7)), np.minimum(sharp, np.quantile(sharp, 0.5)))
    assert found.clipped == pytest.approx(0.5, abs=1e-4)
    plain = blur_difference(wide, sharp)
    assert plain.clipped < 1e-4
    assert found.relative_width_px < plain.relative_width_px - 2 * plain.relative_error_px


@pytest.mark.parametrize("coarse_px", [None, 30.0])
def test_a_field_without_texture_is_refused(coarse_px: float | None) -> None:
    """Noise alone, and a specimen that is soft by nature."""
    base = np.random.default_rng(5).normal(size=(EDGE, EDGE))
    base = np.zeros((EDGE, EDGE)) if coarse_px is None else 10 * gaussian_filter(base, coarse_px)
    with pytest.raises(UserError, match="too little structure in common"):
        blur_difference(recorded(base, 3, 0.03, 1), recorded(base, 0, 0.03, 2))


def test_different_fields_and_sizes_are_refused() -> None:
    with pytest.raises(UserError, match="common"):
        blur_difference(recorded(specimen(0), 2, 0.02, 1), recorded(specimen(1), 1, 0.02, 2))
    with pytest.raises(UserError, match="same size"):
        blur_difference(np.zeros((200, 200)), np.zeros((200, 210)))
    with pytest.raises(UserError, match="only 100 px in common"):
        blur_difference(specimen(0)[:100], specimen(0)[:100])


def test_flat_frames_are_refused() -> None:
    with pytest.raises(UserError, match="too little structure"):
        blur_difference(np.full((EDGE, EDGE), 7), np.full((EDGE, EDGE), 7))


def test_noise_of_the_frames_is_measured() -> None:
    spectra = frame_spectra(recorded(specimen(0), 1, 0.02, 1), recorded(specimen(0), 2, 0.05, 2))
    assert np.sqrt(spectra.noise.mean(0)) == pytest.approx([0.02, 0.05], rel=0.05)


@pytest.mark.parametrize(("image", "other"), [(3.0, 1.0), (1.0, 3.0), (2.0, -2.0), (-1.0, 3.0)])
def test_a_known_step_gives_the_width_of_the_image_itself(image: float, other: float) -> None:
    """Widths with a sign: on one side of focus, or on both."""
    found = BlurDifference(image**2 - other**2, 0.2, (0.0, 0.0), clipped=0.0)
    step = abs(image - other)
    assert found.width_px(step) == pytest.approx(abs(image))
    assert found.width_error_px(step) == pytest.approx(0.1 / step)


@pytest.mark.parametrize("radius_px", [4.0, 6.0])
def test_a_disc_counts_as_the_gaussian_most_like_it(radius_px: float) -> None:
    """Its second moment is that of a sigma of half the radius, but it falls faster towards its first zero."""
    sharp = specimen(2)
    frequency = np.hypot(np.fft.fftfreq(EDGE)[:, None], np.fft.fftfreq(EDGE)[None])
    argument = np.maximum(2 * np.pi * radius_px * frequency, 1e-9)
    blurred = np.fft.ifft2(np.fft.fft2(sharp) * 2 * j1(argument) / argument).real
    found = blur_difference(recorded(blurred, 0, 0.02, 1), recorded(sharp, 0, 0.02, 2))
    assert 1.1 < found.relative_width_px / (radius_px / 2) < 1.25

"""Spectra of a field against closed forms: noise of a known variance, a grating of a known period."""

import numpy as np
import pytest

from pipelines.viewing.codes import encode
from pipelines.viewing.pyramid import ImageFacts, Pyramid, build_pyramid
from pipelines.viewing.spectra import agreement, radial_spectrum

RNG = np.random.default_rng(4)


def pyramid(grey: np.ndarray) -> Pyramid:
    return build_pyramid(*encode(grey), ImageFacts(str(grey.dtype)))


def test_white_noise_has_its_variance_in_every_ring() -> None:
    found = radial_spectrum(pyramid(RNG.normal(0, 30, (300, 400)).astype(np.float32)), (10, 5, 290, 295))
    assert found.frequency[-1] == 0.5
    assert np.mean(found.values[20:]) == pytest.approx(10 * np.log10(30**2), abs=0.3)


def test_a_grating_peaks_at_its_frequency_and_only_the_field_counts() -> None:
    grey = np.full((1200, 1300), 128, np.float32)
    grey[:, :512] += 50 * np.sin(2 * np.pi * np.arange(512) / 8).astype(np.float32)
    found = radial_spectrum(pyramid(grey), (-20, 0, 512, 5000))
    assert found.frequency[int(np.argmax(found.values))] == pytest.approx(1 / 8, abs=0.002)
    assert len(radial_spectrum(pyramid(grey), (0, 0, 1300, 1200)).frequency) == 512, "the middle 1024 px"
    assert max(radial_spectrum(pyramid(grey), (600, 0, 1300, 1200)).values) == -120


def test_agreement_is_1_with_itself_and_0_with_other_noise() -> None:
    first, second = (pyramid(RNG.integers(0, 65535, (256, 256), np.uint16)) for _ in range(2))
    field = (0, 0, 256, 256)
    assert np.allclose(agreement(first, first, field).values, 1)
    assert abs(np.mean(agreement(first, second, field).values[10:])) < 0.05


def test_a_tiny_field_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 x 16 px"):
        radial_spectrum(pyramid(np.zeros((50, 50), np.uint8)), (0, 0, 15, 40))

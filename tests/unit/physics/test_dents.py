"""Dents: the published procedure step by step, and random dents that share no frequency with the lattice."""

import numpy as np
import pytest
from scipy import ndimage

from sem_models.physics.simulators.dents import Dent, add_dents, dent_field, dent_mask, draw_dents, random_dents


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def over_windows(image: np.ndarray, edge: int, what: str) -> np.ndarray:
    """Mean or minimum of each pixel's neighbourhood, with mirrored borders that repeat the edge pixel."""
    padded = np.pad(image, edge // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (edge, edge))
    return getattr(windows, what)(axis=(2, 3))


@pytest.mark.parametrize("window", [5, 11])
@pytest.mark.parametrize(("variant", "first"), [
    ("mask", None), ("mask_2", (7, "min")), ("mask_3_average", (11, "mean")),
])  # fmt: skip
def test_the_recipe_step_by_step(variant: str, first: tuple[int, str] | None, window: int) -> None:
    image = ndimage.gaussian_filter(rng().random((40, 52)), 1.5).astype(np.float32)
    signal = image.astype(float) - image.astype(float).mean()
    signal = over_windows(signal, *first) if first else signal
    signal = over_windows(signal, window, "mean")
    levels = np.interp(signal, (signal.min(), signal.max()), (0, 255))
    levels[levels < 128] = 0
    steps = np.arange(-8, 9)
    kernel = np.exp(-(steps**2) / 8) / np.exp(-(steps**2) / 8).sum()
    blurred = ndimage.correlate(levels, np.outer(kernel, kernel), mode="reflect")
    mask = dent_mask(image, variant, window)
    np.testing.assert_allclose(mask, blurred / 255, atol=2e-6)
    assert mask.dtype == np.float32
    assert 0.2 < mask.max() <= 1


def test_a_flat_image_has_no_dents() -> None:
    assert not dent_mask(np.full((32, 32), 0.3, np.float32)).any()


def test_random_dents_share_no_frequency_with_the_lattice() -> None:
    """Only complete dents on a large field: those cut by the border have edges, which contain all frequencies."""
    period, size = 10.0, 512
    for seed in range(20):
        drawn = [
            dent.model_copy(update={"centre_px": (256.0, 256.0)}) for dent in draw_dents((512, 512), period, rng(seed))
        ]
        assert 1 <= len(drawn) <= 4
        power = np.abs(np.fft.fft2(dent_field(tuple(drawn), (size, size)))) ** 2
        high = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size))) >= 1 / period
        assert power[high].sum() < 1e-6 * power.sum()


def test_a_dent_has_the_asked_widths_direction_and_depth() -> None:
    """Half the depth at half the width along each axis."""
    field = dent_field((Dent(centre_px=(60, 50), width_px=(40, 20), angle_deg=90, depth=-0.3),), (128, 100))
    assert np.unravel_index(field.argmin(), field.shape) == (60, 50)
    assert [field[60, 50], field[80, 50], field[60, 60]] == pytest.approx([-0.3, -0.15, -0.15], abs=1e-6)


def test_counts_widths_and_signs_cover_what_is_promised() -> None:
    drawn = [draw_dents((300, 200), 10.0, rng(seed)) for seed in range(300)]
    assert {len(dents) for dents in drawn} == {1, 2, 3, 4}
    widths = np.array([dent.width_px for dents in drawn for dent in dents])
    assert 20 <= widths.min() < 21
    assert 79 < widths.max() <= 80
    up = np.mean([dent.depth > 0 for dents in drawn for dent in dents])
    assert up == pytest.approx(0.5, abs=0.06)
    np.testing.assert_array_equal(random_dents((300, 200), 10.0, rng(7)), dent_field(drawn[7], (300, 200)))


def test_adding_stays_in_the_range() -> None:
    image, dents = np.array([[0.1, 0.5, 0.9]], np.float32), np.array([[-0.4, 0.2, 0.4]], np.float32)
    added = add_dents(image, dents, 0.5)
    np.testing.assert_allclose(added, [[0.0, 0.6, 1.0]], atol=1e-6)
    assert added.dtype == np.float32

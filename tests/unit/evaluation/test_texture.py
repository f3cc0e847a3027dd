"""Texture statistics compared with closed forms, their table columns, and a published U-Net with nearly flat output."""

import math
from pathlib import Path

import numpy as np
import pytest

from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.metrics.texture import (
    TEXTURE_SCORES,
    gradient_energy_ratio,
    grey_range_ratio,
    histogram_distance,
    slope_difference,
    spectrum_slope,
    std_ratio,
    texture,
)
from sem_models.evaluation.paired import compare_to, direction, measured
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.images.io.read import read_micrograph

SIDE = 256


def coloured(exponent: float, shape: tuple[int, int] = (SIDE, SIDE), seed: int = 0) -> np.ndarray:
    """Noise whose power falls with frequency to the `exponent`; mean 0.5, standard deviation 0.2."""
    radius = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None, :])
    radius[0, 0] = 1
    spectrum = np.fft.fft2(np.random.default_rng(seed).standard_normal(shape)) * radius ** (exponent / 2)
    noise = np.fft.ifft2(spectrum).real
    return (0.5 + 0.2 * (noise - noise.mean()) / noise.std()).astype(np.float32)


@pytest.mark.parametrize("exponent", [0.0, -1.0, -2.0, -3.0])
def test_slope_is_the_exponent_of_the_power_spectrum(exponent: float) -> None:
    for shape in ((SIDE, SIDE), (200, 310)):
        slopes = [spectrum_slope(coloured(exponent, shape, seed), 1.0) for seed in range(24)]
        assert np.mean(slopes) == pytest.approx(exponent, abs=0.06), f"spread of one image {np.std(slopes):.2f}"


def test_slope_at_its_limits() -> None:
    image = coloured(-2)
    assert spectrum_slope(255 * image, 255.0) == pytest.approx(spectrum_slope(image, 1.0), abs=1e-5)
    assert spectrum_slope(0.5 * image + 0.2, 1.0) == pytest.approx(spectrum_slope(image, 1.0), abs=0.02)
    assert spectrum_slope(np.full_like(image, 0.3), 1.0) == pytest.approx(0, abs=1e-9), "rounding noise"
    assert math.isnan(spectrum_slope(image[:63], 1.0))
    assert slope_difference(coloured(-3), coloured(-1), 1.0) == pytest.approx(-2, abs=0.1)


def test_statistics_of_known_images() -> None:
    rows, columns = np.mgrid[:100, :101]
    ramp = (3 * rows + 4 * columns).astype(np.float32)
    found = texture(ramp, 1000.0)
    assert found.gradient_energy == pytest.approx((3**2 + 4**2) / 1000**2, rel=1e-5)
    assert found.std == pytest.approx(math.sqrt((9 * (100**2 - 1) + 16 * (101**2 - 1)) / 12) / 1000, rel=1e-5)
    levels = texture(np.arange(0, 101, dtype=np.float32)[None], 100.0)
    assert (levels.p1, levels.p99) == pytest.approx((0.01, 0.99))
    assert math.isnan(levels.gradient_energy)


def test_ratios_follow_the_contrast() -> None:
    target = coloured(-2)
    for contrast in (0.0, 0.3, 1.0, 1.7):
        output = 0.4 + contrast * (target - 0.5)
        assert std_ratio(output, target, 1.0) == pytest.approx(contrast, abs=1e-5)
        assert grey_range_ratio(output, target, 1.0) == pytest.approx(contrast, abs=1e-5)
        assert gradient_energy_ratio(output, target, 1.0) == pytest.approx(contrast**2, abs=1e-5)
    flat = np.full_like(target, 0.5)
    assert all(math.isnan(ratio(target, flat, 1.0)) for ratio in (std_ratio, grey_range_ratio, gradient_energy_ratio))


def test_histogram_distance_is_the_mean_shift_of_grey_level() -> None:
    image = coloured(0, (50, 60))
    shuffled = np.random.default_rng(1).permutation(image.ravel()).reshape(60, 50)
    assert histogram_distance(shuffled, image, 1.0) == pytest.approx(0, abs=1e-7), "positions do not count"
    assert histogram_distance(image + 0.25, image, 1.0) == pytest.approx(0.25, abs=1e-6)
    assert histogram_distance(image + 0.25, image, 2.0) == pytest.approx(0.125, abs=1e-6)
    black, white = np.zeros((4, 4), np.float32), np.ones((8, 8), np.float32)
    assert histogram_distance(black, white, 1.0) == 1
    uniform, half = np.linspace(0, 1, 10_001)[None], np.linspace(0, 0.5, 10_001)[None]
    assert histogram_distance(half, uniform, 1.0) == pytest.approx(0.25, abs=1e-4), "the integral of x/2"


def test_columns_are_best_at_their_target_value() -> None:
    """Too rough by a tenth is as bad as too smooth by a tenth, and both are worse than exact."""
    assert set(TEXTURE_SCORES) <= set(METRICS)
    headings = [METRICS[name].heading[-3:] for name in TEXTURE_SCORES]
    assert headings == ["→ 1", "→ 1", "→ 0", "→ 1", "e ↓"]
    assert all(direction(name) == -1 for name in TEXTURE_SCORES)
    assert measured("std_ratio", 1.1) == pytest.approx(measured("std_ratio", 0.9)) == pytest.approx(0.1)
    assert measured("slope_difference", -0.4) == measured("slope_difference", 0.4) == 0.4


def test_pairing_finds_the_model_whose_ratio_is_nearer_to_one() -> None:
    def report(model: str, ratio: float) -> EvaluationReport:
        rows = [
            Row(method=model, image=f"i{i}", group=f"g{i}", scores={"std_ratio": ratio + 0.01 * i}) for i in range(10)
        ]
        setting = {"dataset": "d", "digest": "x", "split": "test", "degradation": "paired"}
        return EvaluationReport(model=model, data_range=1.0, border_px=1, rows=tuple(rows), **setting)

    flat, rough = report("flat", 0.3), report("rough", 1.2)
    (paired,) = compare_to(flat, [rough], "std_ratio")
    assert paired.verdict == "better", "1.2 is nearer to 1 than 0.3"
    (paired,) = compare_to(rough, [report("noise", 1.8)], "std_ratio")
    assert paired.verdict == "worse", "larger is not better"


@pytest.mark.realdata
@pytest.mark.parametrize(("detector", "std"), [("BSD", None), ("SE", (0.021, 0.068))])
def test_a_published_unet_is_smoother_than_its_targets(
    shared_data: Path, detector: str, std: tuple[float, float] | None
) -> None:
    folder = shared_data / "petrography_sem_crops" / f"Unet_to{detector}_TestSetPredictions"
    files = sorted(folder.glob("original_*.png"))
    pairs = [
        [read_micrograph(path).pixels[..., 0].astype(np.float32) / 255 for path in (file, _prediction(file))]
        for file in files
    ]
    found = [(texture(real, 1.0), texture(output, 1.0)) for real, output in pairs]
    real, output = (np.array([[t.std, t.gradient_energy, t.slope] for t in side]) for side in zip(*found, strict=True))
    assert np.all(output < real), "less contrast, less steepness and a steeper spectrum on each of 24 images"
    if std:
        assert (output[:, 0].mean(), real[:, 0].mean()) == pytest.approx(std, abs=5e-4)


def _prediction(original: Path) -> Path:
    return original.with_name(original.name.replace("original", "prediction"))

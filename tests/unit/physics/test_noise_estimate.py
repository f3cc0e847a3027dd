"""Estimated noise compared with simulated noise, and two estimators compared with each other."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.data.noise import measure_noise
from pipelines.data.requests import NoiseRequest
from sem_models.config.degradation import Degradation, Scan
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.physics.degrade import degrade
from sem_models.physics.noise_estimate.estimate import estimate_noise, pooled_line_noise
from sem_models.physics.scan import streak
from sem_models.physics.simulators.phantoms.table import make_phantom


def truth(kind: str = "particles") -> np.ndarray:
    return make_phantom(kind, (512, 512), seed=1).truth


def recorded(image: np.ndarray, seed: int, dose: float | None, read: float, banding: float = 0.0) -> np.ndarray:
    settings = Degradation(scale=1, dose_e_per_px=dose, read_noise=read, scan=Scan(banding=banding))
    tensor = torch.from_numpy(image.astype(np.float32))[None, None]
    return degrade(tensor, settings, torch.Generator().manual_seed(seed))[0, 0].numpy()


@pytest.mark.parametrize(("dose", "read"), [(50.0, 0.05), (300.0, 0.04)])
@pytest.mark.parametrize("kind", ["particles", "pores"])
def test_simulated_noise_is_recovered(kind: str, dose: float, read: float) -> None:
    """Within 10 % from two frames, and within 25 % from one image full of structure."""
    first, second = (recorded(truth(kind), seed, dose, read) for seed in (0, 1))
    for estimate, share in ((estimate_noise(first, second), 0.10), (estimate_noise(first), 0.25)):
        assert estimate.dose_e_per_px == pytest.approx(dose, rel=share)
        assert estimate.read_noise == pytest.approx(read, rel=share)
        for brightness in (0.2, 0.5, 0.8):
            assert estimate.variance(brightness) == pytest.approx(brightness / dose + read**2, rel=share)


def test_noise_that_does_not_grow_with_brightness_has_no_dose() -> None:
    first, second = (recorded(truth(), seed, None, 0.05) for seed in (0, 1))
    estimate = estimate_noise(first, second)
    assert estimate.variance(0.5) == pytest.approx(0.05**2, rel=0.05)
    assert estimate.dose_e_per_px is None or estimate.dose_e_per_px > 2000


@pytest.mark.parametrize("banding", [0.01, 0.03])
def test_banding_is_found_and_not_invented(banding: float) -> None:
    """With both estimators; and it does not count as noise."""
    first, second = (recorded(truth("laths"), seed, 200, 0.03, banding) for seed in (0, 1))
    plain = recorded(truth("laths"), 0, 200, 0.03)
    for estimate in (estimate_noise(first), estimate_noise(first, second)):
        assert estimate.banding == pytest.approx(banding, rel=0.15)
        assert f"degradation.scan.banding={estimate.banding:.3g}" in estimate.assignments
    assert estimate_noise(plain).banding == 0
    assert estimate_noise(first).variance(0.5) == pytest.approx(estimate_noise(plain).variance(0.5), rel=0.1)


@pytest.mark.parametrize(
    ("shape", "banding"), [((1501, 97), 0.03), ((1024, 384), 0.02), ((384, 1024), 0.01), ((97, 1501), 0.01)]
)
def test_banding_does_not_depend_on_the_proportions_of_the_image(shape: tuple[int, int], banding: float) -> None:
    """White noise of 0.13 alone has none; offsets are drawn here, so that their standard deviation is known."""
    rng = np.random.default_rng(0)
    noise, offsets = 0.5 + rng.normal(0, 0.13, shape), rng.normal(0, banding, (shape[0], 1))
    assert estimate_noise(noise.astype(np.float32)).banding == 0
    banded = estimate_noise((noise + offsets).astype(np.float32))
    assert banded.banding == pytest.approx(offsets.std(), rel=0.25)


def test_a_dark_level_above_zero_is_reported_and_the_model_stays_physical() -> None:
    """Noise with a dark level of 0.2: var = (y - 0.2) / 100 has a negative intercept, which read noise cannot have."""
    level = 0.2 + 0.8 * truth()
    first, second = (recorded(level - 0.2, seed, 100, 0.0) + 0.2 for seed in (0, 1))
    estimate = estimate_noise(first, second)
    assert estimate.slope == pytest.approx(1 / 100, rel=0.1)
    assert estimate.intercept == pytest.approx(-0.002, rel=0.2)
    assert estimate.read_noise == 0
    assert any("dark level" in caveat for caveat in estimate.caveats)
    middle = float(np.median(estimate.bins.mean))
    assert estimate.variance(middle) == pytest.approx((middle - 0.2) / 100, rel=0.15)


def test_what_cannot_be_estimated_is_reported() -> None:
    flat = [recorded(np.full((256, 256), 0.5), seed, 100, 0.0) for seed in (0, 1)]
    assert "hardly be separated" in estimate_noise(flat[0]).caveats[0]
    assert estimate_noise(flat[0]).variance(0.5) == pytest.approx(0.005, rel=0.1)
    blurred = [gaussian_filter(frame, (0, 0.6)) for frame in flat]
    assert any("correlated along the scan lines" in caveat for caveat in estimate_noise(*blurred).caveats)
    assert any("clipped" in caveat for caveat in estimate_noise(np.clip(flat[0], 0.42, 1)).caveats)
    with pytest.raises(UserError, match="too few"):
        estimate_noise(flat[0][:40])
    for nothing in ((flat[0], flat[0]), (np.ones((64, 64)),)):
        with pytest.raises(UserError, match="no noise"):
            estimate_noise(*nothing)
    with pytest.raises(UserError, match="not registered"):
        estimate_noise(flat[0], flat[1][:200])


def test_the_command_prints_settings_that_a_training_takes(tmp_path: Path) -> None:
    """Two 8-bit frames, the second shifted by whole pixels, as JSON; the settings reproduce the simulated noise."""
    frames = [recorded(0.2 + 0.5 * truth("laths"), seed, 100, 0.03, 0.01) for seed in (0, 1)]
    frames = [frames[0][:-4, 6:], frames[1][4:, :-6]]
    for index, frame in enumerate(frames):
        pixels = np.clip(np.rint(255 * frame), 0, 255).astype(np.uint8)
        write_micrograph(tmp_path / f"{index}.tif", Micrograph(pixels[:, :, None]))
    files = [str(tmp_path / f"{index}.tif") for index in (0, 1)]
    result = CliRunner().invoke(app, ["noise", *files, "--json"])
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout.splitlines()[-1])
    assert content["source"] == "two frames"
    recipe = override(find_recipe("vdsr-x4"), content["assignments"])
    assert recipe.degradation.scan is not None
    assert recipe.degradation.scan.banding == pytest.approx(0.01, rel=0.2)
    assert recipe.degradation.dose_e_per_px == pytest.approx(content["dose_e_per_px"], rel=1e-3)
    assert content["slope"] == pytest.approx(1 / 100, rel=0.1)
    people = CliRunner().invoke(app, ["noise", files[0]])
    assert "--set degradation.dose_e_per_px=" in people.stdout


def test_frames_of_different_fields_are_refused(tmp_path: Path) -> None:
    for index, size in enumerate((128, 96)):
        pixels = np.random.default_rng(index).integers(0, 255, (size, size, 1)).astype(np.uint8)
        write_micrograph(tmp_path / f"{index}.tif", Micrograph(pixels))
    with pytest.raises(UserError, match="two frames of one field"):
        measure_noise(NoiseRequest(file=tmp_path / "0.tif", second=tmp_path / "1.tif"))


@pytest.mark.realdata
@pytest.mark.parametrize("pair", ["train", "val"])
def test_one_frame_and_two_frames_agree_on_real_micrographs(shared_data: Path, pair: str) -> None:
    """Low-dose TEM: the noise variance at the median brightness, within 30 %."""
    files = [shared_data / "tem_lowdose_pairs" / f"{pair}_000{index}.tif" for index in (1, 2)]
    one, two = (measure_noise(NoiseRequest(file=files[0], second=second)).found for second in (None, files[1]))
    median = float(np.median(two.bins.mean))
    assert one.variance(median) == pytest.approx(two.variance(median), rel=0.3)


SLOW = 0.4 + 0.2 * np.sin(np.arange(512)[None] / 60) + 0.1 * np.cos(np.arange(512)[:, None] / 45)


def one_over_e(autocorrelation: Callable[[float], float]) -> float:
    """The lag at which the autocorrelation, interpolated linearly between whole lags, falls to 1/e."""
    lags = np.arange(12.0)
    return float(np.interp(-np.exp(-1), [-autocorrelation(lag) for lag in lags], lags))


@pytest.mark.parametrize("sigma", [0.0, 0.7, 1.0])
def test_variance_and_length_of_smoothed_noise(sigma: float) -> None:
    """The autocorrelation of noise after a sampled Gaussian is that of the kernel with itself."""
    point = np.eye(1, 65, 32)[0]
    kernel = gaussian_filter1d(point, sigma) if sigma else point
    shape = np.correlate(kernel, kernel, "full")[64:] / (kernel**2).sum()
    noise = gaussian_filter(np.random.default_rng(0).standard_normal((512, 512)), sigma) / (kernel**2).sum()
    estimate = estimate_noise((SLOW + 0.03 * noise).astype(np.float32))
    assert estimate.variance(0.4) == pytest.approx(0.03**2, rel=0.15)
    assert estimate.correlation is not None
    expected = one_over_e(lambda lag: shape[int(lag)])
    assert estimate.correlation.along_px == pytest.approx(expected, rel=0.1)
    assert estimate.correlation.across_px == pytest.approx(expected, rel=0.1)
    assert any("correlated" in caveat for caveat in estimate.caveats) == (sigma > 0)


def test_streaks_are_long_along_the_line_and_white_across() -> None:
    noise = streak(torch.zeros(1, 1, 512, 512), Scan(streaks=0.05), torch.Generator().manual_seed(0))[0, 0].numpy()
    estimate = estimate_noise((SLOW + noise).astype(np.float32))
    assert estimate.variance(0.4) == pytest.approx(0.05**2, rel=0.15)
    assert estimate.correlation is not None
    assert estimate.correlation.along_px == pytest.approx(2, rel=0.15)
    assert estimate.correlation.across_px == pytest.approx(1 - np.exp(-1), rel=0.05)


def test_noise_along_the_lines_is_pooled_from_the_images_that_show_it() -> None:
    """Streaks decay by 1/e in 2 px; the third image has texture and no flat place."""
    generator = torch.Generator().manual_seed(0)
    noise = [streak(torch.zeros(1, 1, 512, 512), Scan(streaks=0.05), generator)[0, 0].numpy() for _ in range(3)]
    row, column = np.mgrid[:512, :512]
    structured = SLOW + 0.1 * np.sin(row / 3) * np.sin(column / 3) * (1 + np.sin(row / 40))
    images = [SLOW + noise[0], SLOW + noise[1], structured + noise[2]]
    assert estimate_noise(images[2]).correlation is None
    gain, offset, along = pooled_line_noise(images)
    assert gain * 0.4 + offset == pytest.approx(0.05**2, rel=0.15)
    assert along == pytest.approx(np.exp(-np.arange(len(along)) / 2), abs=0.04)
    assert len(along) > 4


def test_line_noise_that_cannot_be_measured_is_refused() -> None:
    rng = np.random.default_rng(0)
    smooth = [SLOW + 0.1 * gaussian_filter(rng.standard_normal((512, 512)), 1.0) for _ in range(2)]
    with pytest.raises(UserError, match="across the scan lines"):
        pooled_line_noise(smooth)
    with pytest.raises(UserError, match="flat enough"):
        pooled_line_noise([0.5 + 0.1 * rng.standard_normal((64, 64))])


def test_line_offsets_do_not_count_as_correlated_noise() -> None:
    rng = np.random.default_rng(0)
    noise = 0.03 * rng.standard_normal((512, 512)) + 0.02 * rng.standard_normal((512, 1))
    estimate = estimate_noise((SLOW + noise).astype(np.float32))
    assert estimate.banding == pytest.approx(0.02, rel=0.15)
    assert estimate.correlation is not None
    assert estimate.correlation.along_px == pytest.approx(1 - np.exp(-1), rel=0.05)
    assert estimate.variance(0.4) == pytest.approx(0.03**2, rel=0.15)


def test_correlated_shot_noise_is_measured_beside_structure() -> None:
    """The lower half is structured and bright, so its patches and brightness say nothing about the flat part."""
    row, column = np.mgrid[:512, :512]
    image = np.where(row < 256, 0.2 + 0.0002 * column, 0.8 + 0.1 * np.sin(row / 2.5) * np.sin(column / 2.5))
    smooth = gaussian_filter(np.random.default_rng(0).standard_normal((512, 512)), 0.7)
    noise = smooth / smooth.std() * np.sqrt(image / 200)
    estimate = estimate_noise((image + noise).astype(np.float32))
    assert estimate.variance(0.25) == pytest.approx(0.25 / 200, rel=0.15)


def test_texture_of_the_specimen_is_not_taken_for_noise() -> None:
    """Its strength differs from place to place more than noise allows."""
    rng = np.random.default_rng(0)
    patchy = np.exp(gaussian_filter(rng.standard_normal((512, 512)), 20) * 60)
    texture = gaussian_filter(rng.standard_normal((512, 512)), 1.0) * 0.1 * patchy
    estimate = estimate_noise((SLOW + texture).astype(np.float32))
    assert estimate.correlation is None
    assert any("second frame" in caveat for caveat in estimate.caveats)

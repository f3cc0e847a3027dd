"""Forward models compared with Pillow, closed forms, Poisson statistics and published baselines."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from sem_models.config.degradation import DOWNSAMPLINGS, Degradation
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_micrograph
from sem_models.physics.degrade import degrade
from sem_models.physics.downsampling import crop_to_multiple, downsample, upsample
from sem_models.physics.noise import add_noise
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_bicubic_is_pillows() -> None:
    image = np.random.default_rng(0).random((48, 64), np.float32)
    expected = np.asarray(Image.fromarray(image).resize((16, 12), Image.Resampling.BICUBIC))
    ours = downsample(torch.from_numpy(image)[None, None], 4, "bicubic_aa")[0, 0].numpy()
    np.testing.assert_allclose(ours, expected, atol=2e-6)
    small = image[:12, :16].copy()
    larger = np.asarray(Image.fromarray(small).resize((64, 48), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(upsample(torch.from_numpy(small)[None, None], 4)[0, 0].numpy(), larger, atol=2e-6)


def test_the_other_two_kinds_are_what_they_say() -> None:
    """Aliased: Keys' cubic with a = -0.75 at half a pixel, by hand. Gaussian and area: scipy and block means."""
    image = np.random.default_rng(1).random((32, 48))
    x = torch.from_numpy(image)[None, None]
    taps = np.array([-0.09375, 0.59375, 0.59375, -0.09375])
    by_hand = np.einsum("iajb,a,b->ij", image.reshape(8, 4, 12, 4), taps, taps)
    np.testing.assert_allclose(downsample(x, 4, "cubic_aliased")[0, 0].numpy(), by_hand, atol=1e-12)
    blurred = gaussian_filter(image, 1.0, radius=2, mode="mirror")
    means = blurred.reshape(8, 4, 12, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(downsample(x, 4, "gaussian_area")[0, 0].numpy(), means, atol=1e-12)


@pytest.mark.parametrize("scale", [2, 3, 4, 5, 7])
def test_enlargement_does_not_depend_on_the_place(scale: int) -> None:
    """Pixels 3000 px from the corner are upsampled like the same pixels near it, otherwise tiles would not match."""
    strip = torch.rand(1, 1, 8, 3100, generator=generator())
    whole, tile = upsample(strip, scale), upsample(strip[..., 3000:3100], scale)
    inner = slice(4 * scale, 96 * scale)
    assert (whole[..., 3000 * scale :][..., inner] - tile[..., inner]).abs().max() < 1e-6


def test_aliased_cubic_folds_what_the_others_remove() -> None:
    """A one-pixel checkerboard has no frequency that survives shrinking: only the aliased kind keeps any contrast."""
    board = torch.from_numpy(np.indices((64, 64)).sum(axis=0) % 2).float()[None, None]
    contrast = {kind: float(downsample(board, 2, kind)[..., 4:-4, 4:-4].std()) for kind in DOWNSAMPLINGS}
    assert contrast["bicubic_aa"] < 1e-3
    assert contrast["gaussian_area"] < 1e-3
    ramp = torch.sin(torch.arange(64) * 2 * np.pi / 2.5)[None, None, None].expand(1, 1, 64, 64)
    assert float(downsample(ramp, 2, "cubic_aliased").std()) > 5 * float(downsample(ramp, 2, "bicubic_aa").std())


@pytest.mark.parametrize("kind", DOWNSAMPLINGS)
def test_constants_and_means_are_kept(kind) -> None:
    flat = torch.full((1, 1, 32, 32), 0.37)
    torch.testing.assert_close(downsample(flat, 4, kind), torch.full((1, 1, 8, 8), 0.37))
    with pytest.raises(ValueError, match="multiple"):
        downsample(flat[..., :30], 4, kind)
    assert crop_to_multiple(flat[..., :30], 4).shape[-1] == 28


def test_shot_noise_has_the_variance_of_its_dose() -> None:
    noisy = add_noise(torch.full((1, 1, 400, 400), 0.5), 100.0, 0.0, generator())
    assert float(noisy.mean()) == pytest.approx(0.5, abs=0.001)
    assert float(noisy.var()) == pytest.approx(0.5 / 100, rel=0.03)


def test_read_noise_adds_its_variance_and_seeds_repeat() -> None:
    flat = torch.full((1, 1, 400, 400), 0.5)
    settings = Degradation(scale=1, dose_e_per_px=200, read_noise=0.05)
    first, again = degrade(flat, settings, generator(3)), degrade(flat, settings, generator(3))
    assert torch.equal(first, again)
    assert float(first.var()) == pytest.approx(0.5 / 200 + 0.05**2, rel=0.03)


BASELINES = {
    "axon_myelin_sem": ((27.39, 0.807), (26.84, 0.810), (31.25, 0.913), (28.26, 0.848), (20.51, 0.560)),
    "petrography_sem_crops/Unet_toBSD_TestSetPredictions": (
        ((28.14, 0.612), (26.82, 0.592), (31.41, 0.817), (28.16, 0.702), (20.35, 0.331))
    ),
    "petrography_sem_crops/Unet_toSE_TestSetPredictions": (
        ((25.64, 0.448), (24.13, 0.433), (28.57, 0.735), (28.12, 0.793), (20.41, 0.423))
    ),
}


@pytest.mark.realdata
@pytest.mark.parametrize("folder", BASELINES)
def test_published_baselines(shared_data: Path, folder: str) -> None:
    """PSNR and SSIM of what learns nothing: x4 anti-aliased, x4 aliased, x2 anti-aliased, noise of sigma 10 and 25.

    Convention: both ways with the same cubic, rounded to 8 bit in between and after, 4 px border removed, range 255,
    uniform SSIM window of 7 px.
    """
    pattern = "sub-*/micr/*.png" if "axon" in folder else "original_*.png"
    scores = np.mean([_baselines(path) for path in sorted((shared_data / folder).glob(pattern))], axis=0)
    expected = np.asarray(BASELINES[folder])
    np.testing.assert_allclose(scores[:, 0], expected[:, 0], atol=0.03)
    np.testing.assert_allclose(scores[:, 1], expected[:, 1], atol=0.0015)


def _baselines(path: Path) -> list[tuple[float, float]]:
    pixels = to_grey(read_micrograph(path)).pixels[..., 0].astype(np.float32) / 255
    full = torch.from_numpy(pixels)[None, None]
    by_4, by_2 = crop_to_multiple(full, 4), crop_to_multiple(full, 2)
    noise = generator()
    views = [
        (by_4, upsample(_eight_bit(downsample(by_4, 4, "bicubic_aa")), 4)),
        (by_4, _aliased_both_ways(by_4)),
        (by_2, upsample(_eight_bit(downsample(by_2, 2, "bicubic_aa")), 2)),
        *((full, degrade(full, Degradation(scale=1, read_noise=sigma / 255), noise)) for sigma in (10, 25)),
    ]
    return [_scores(target, view) for target, view in views]


def _aliased_both_ways(sharp: torch.Tensor) -> torch.Tensor:
    small = _eight_bit(downsample(sharp, 4, "cubic_aliased"))
    return torch.nn.functional.interpolate(small, size=sharp.shape[-2:], mode="bicubic", align_corners=False)


def _scores(target: torch.Tensor, view: torch.Tensor) -> tuple[float, float]:
    a, b = (x[0, 0, 4:-4, 4:-4].double().numpy() for x in (target, _eight_bit(view)))
    return float(-10 * np.log10(((a - b) ** 2).mean())), float(structural_similarity(a, b, data_range=1.0))


def _eight_bit(x: torch.Tensor) -> torch.Tensor:
    return (x.clamp(0, 1) * 255).round() / 255


@pytest.mark.parametrize("kind", PHANTOMS)
def test_phantoms_are_micrographs_with_known_truth(kind: str) -> None:
    phantom = make_phantom(kind, (128, 160), seed=3)
    again = make_phantom(kind, (128, 160), seed=3)
    assert np.array_equal(phantom.micrograph.pixels, again.micrograph.pixels)
    assert not np.array_equal(phantom.micrograph.pixels, make_phantom(kind, (128, 160), seed=4).micrograph.pixels)
    assert phantom.micrograph.pixels.dtype == np.uint8
    assert phantom.micrograph.pixel_size_nm == 10.0
    recorded = phantom.micrograph.pixels[..., 0] / 255
    assert np.corrcoef(recorded.ravel(), phantom.truth.ravel())[0, 1] > 0.9
    assert phantom.truth.min() >= 0
    assert phantom.truth.max() <= 1
    assert recorded.std() > 0.08


def test_phantom_depth_and_unknown_kind() -> None:
    deep = make_phantom("pores", (64, 64), dtype="uint16").micrograph.pixels
    assert deep.dtype == np.uint16
    assert deep.max() > 255 * 100


@pytest.mark.realdata
def test_phantoms_have_the_spectrum_of_real_sem(shared_data: Path) -> None:
    """Log-log slope of the radial power spectrum: simulated fields are within the range of real sets, extended by 1."""
    real = [
        p for name in ("ampis_powder_sem", "nasa_superalloy_sem", "nasa_ebc_bse") for p in _some(shared_data / name)
    ]
    slopes = [_slope(to_grey(read_micrograph(path)).pixels[..., 0].astype(float)) for path in real]
    for kind in PHANTOMS:
        slope = _slope(make_phantom(kind, (384, 384), seed=1).micrograph.pixels[..., 0].astype(float))
        assert min(slopes) - 1 < slope < max(slopes) + 1, (kind, slope, slopes)


def _some(folder: Path) -> list[Path]:
    return sorted((folder / "images").glob("*.png"))[:3]


def _slope(image: np.ndarray) -> float:
    image = image[:384, :384] - image[:384, :384].mean()
    power = np.abs(np.fft.fft2(image * np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1])))) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(image.shape[0]), np.fft.fftfreq(image.shape[1]), indexing="ij"))
    edges = np.geomspace(0.02, 0.2, 12)
    mean = [power[(radius >= lo) & (radius < hi)].mean() for lo, hi in pairwise(edges)]
    return float(np.polyfit(np.log(np.sqrt(edges[:-1] * edges[1:])), np.log(mean), 1)[0])

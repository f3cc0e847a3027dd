"""Blur, regions, scan distortion and random doses, compared with scipy, moments and closed forms."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter, shift

from sem_models.config.degradation import Blur, Degradation, Scan
from sem_models.config.overrides import override, override_degradation
from sem_models.config.presets.table import find_recipe
from sem_models.errors import UserError
from sem_models.physics import scan as scanning
from sem_models.physics.blur import blur_kernels, convolve, random_regions
from sem_models.physics.degrade import degrade, degrade_with_blur
from sem_models.physics.frame import Coordinates, Window, coordinates
from sem_models.physics.noise import add_noise

EVERYTHING = Degradation(
    scale=2,
    dose_e_per_px=(50, 500),
    read_noise=0.02,
    blur=Blur(kernel="astigmatic", size_px=(1, 3), region="partial"),
    scan=Scan(jitter_px=0.4, drift_px=2, banding=0.01, charging=0.1),
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def whole(count: int, height: int, width: int) -> Coordinates:
    return coordinates([Window.whole(height, width)] * count, torch.device("cpu"))


def displace(x: torch.Tensor, settings: Scan, drawn: torch.Generator) -> torch.Tensor:
    """Of whole frames."""
    return scanning.displace(x, settings, whole(len(x), *x.shape[-2:]), drawn)


def charge(x: torch.Tensor, amplitude: float, drawn: torch.Generator) -> torch.Tensor:
    """Of whole frames."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    return scanning.charge(x, amplitude, mean, whole(len(x), *x.shape[-2:]), drawn)


def texture(size: int = 96, sigma: float = 2.0, seed: int = 0) -> np.ndarray:
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), sigma)
    return (0.5 + 0.1 * field / field.std()).astype(np.float32)


def moments(kernels: torch.Tensor) -> np.ndarray:
    """Covariance of the position under each kernel, (N, 2, 2)."""
    axis = torch.arange(kernels.shape[-1]) - kernels.shape[-1] // 2
    place = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).float()
    return torch.einsum("nij,aij,bij->nab", kernels, place, place).numpy()


@pytest.mark.parametrize("sigma", [0.7, 2.0, 6.0])
def test_a_known_blur_is_scipys(sigma: float) -> None:
    """Also if the kernel is wider than the image: a margin of 18 px on an edge of 16 px."""
    sharp = texture(16 if sigma > 5 else 64, 0.5)
    settings = Degradation(scale=1, blur=Blur(size_px=(sigma, sigma)))
    ours, region = degrade_with_blur(torch.from_numpy(sharp)[None, None], settings, generator())
    expected = gaussian_filter(sharp.astype(float), sigma, mode="mirror", radius=int(np.ceil(3 * sigma)))
    np.testing.assert_allclose(ours[0, 0].numpy(), expected, atol=2e-6)
    assert region is not None
    assert torch.equal(region, torch.ones(1, 1, *sharp.shape))


@pytest.mark.parametrize("radius", [2.0, 3.4, 6.0])
def test_a_disc_has_the_moments_of_a_disc(radius: float) -> None:
    """Pixels are weighted by covered area, counted on a 101 times finer grid; mean square radius r^2 / 2 + 2 / 12."""
    kernel = blur_kernels(Blur(kernel="disc", size_px=(radius, radius)), 1, generator())
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-6)
    assert float(np.trace(moments(kernel)[0])) == pytest.approx(radius**2 / 2 + 1 / 6, rel=0.04)
    half = kernel.shape[-1] // 2
    fine = np.arange(-half - 0.5, half + 0.5, 1 / 101) + 0.5 / 101
    inside = fine[:, None] ** 2 + fine[None] ** 2 < radius**2
    share = inside.reshape(2 * half + 1, 101, 2 * half + 1, 101).mean(axis=(1, 3))
    np.testing.assert_allclose(kernel[0].numpy() * np.pi * radius**2, share, atol=0.03)


def test_astigmatic_axes_lie_in_their_ranges_at_all_angles() -> None:
    settings = Blur(kernel="astigmatic", size_px=(1.5, 3.0), ratio=2.0)
    covariance = moments(blur_kernels(settings, 300, generator()))
    variances, axes = np.linalg.eigh(covariance)
    short, long = np.sqrt(variances).T
    assert short.min() > 1.48
    assert 2.8 < short.max() < 3.02
    assert (long / short).max() < 2.02
    assert (long / short).mean() == pytest.approx(1.5, abs=0.06)
    angles = np.mod(np.arctan2(axes[:, 0, 1], axes[:, 1, 1]), np.pi)
    assert np.histogram(angles, 4, (0, np.pi))[0].min() > 50


def test_each_image_has_its_own_kernel_for_all_its_channels() -> None:
    x = torch.rand(3, 2, 24, 20, generator=generator())
    kernels = blur_kernels(Blur(size_px=(0, 3)), 3, generator(1))
    together = convolve(x, kernels)
    for n in range(3):
        for c in range(2):
            alone = convolve(x[n : n + 1, c : c + 1], kernels[n : n + 1])
            torch.testing.assert_close(together[n : n + 1, c : c + 1], alone)
    for kernel in ("gaussian", "disc", "astigmatic"):
        assert torch.equal(convolve(x, blur_kernels(Blur(kernel=kernel, size_px=(0, 0)), 3, generator())), x)


def test_regions_cover_everything_from_none_to_all() -> None:
    regions = random_regions(whole(2000, 32, 48), 0.25, generator())
    area = regions.mean(dim=(1, 2, 3))
    assert float(regions.min()) == 0
    assert float(regions.max()) == 1
    assert float((regions.amax(dim=(1, 2, 3)) == 0).float().mean()) == pytest.approx(0.25, abs=0.03)
    counts = torch.histc(area[area > 0], 5, 0, 1)
    assert counts.min() > 150
    steps = (regions[..., 1:] - regions[..., :-1]).abs().amax(dim=(1, 2, 3))
    assert steps.median() < 0.8, "edges are soft"
    none = random_regions(whole(50, 32, 48), 1.0, generator())
    assert not none.any()


def test_half_planes_have_any_direction() -> None:
    """The mean gradient of a mask, as an angle, falls into every octant."""
    regions = random_regions(whole(800, 40, 40), 0.0, generator())
    down = (regions[..., 1:, :] - regions[..., :-1, :]).mean(dim=(1, 2, 3))
    right = (regions[..., :, 1:] - regions[..., :, :-1]).mean(dim=(1, 2, 3))
    octants = torch.histc(torch.atan2(down, right)[(down**2 + right**2) > 1e-6], 8, -np.pi, np.pi)
    assert octants.min() > 50


def test_where_the_map_is_zero_nothing_is_touched() -> None:
    x = torch.rand(16, 1, 64, 64, generator=generator())
    settings = Blur(size_px=(3, 3), region="partial", sharp_share=0.3)
    mixed, region = degrade_with_blur(x, Degradation(scale=1, blur=settings), generator(5))
    assert region is not None
    assert torch.equal(mixed[region == 0], x[region == 0])
    everywhere = degrade(x, Degradation(scale=1, blur=Blur(size_px=(3, 3))), generator(5))
    torch.testing.assert_close(mixed, (1 - region) * x + region * everywhere)
    assert not torch.allclose(mixed[region == 1], x[region == 1])


def test_jitter_has_the_deviation_it_names() -> None:
    """The shift of each row by least squares against the original's derivative along the row; columns stay aligned."""
    sharp = torch.from_numpy(texture(256, 4.0))[None, None]
    moved = displace(sharp, Scan(jitter_px=0.3), generator())
    slope = (sharp[..., 2:] - sharp[..., :-2]) / 2
    shifts = ((moved - sharp)[..., 1:-1] * slope).sum(-1) / (slope**2).sum(-1)
    assert float(shifts.std()) == pytest.approx(0.3, rel=0.1)
    assert abs(float(shifts.mean())) < 0.06
    assert abs(np.corrcoef(shifts[0, 0, 1:].numpy(), shifts[0, 0, :-1].numpy())[0, 1]) < 0.2


def test_drift_ends_at_its_displacement() -> None:
    """The last line is that of scipy's shift by `drift_px` in one direction; the first line has not moved."""
    sharp = texture(128, 3.0)
    moved = displace(torch.from_numpy(sharp)[None, None], Scan(drift_px=5.0), generator(2))[0, 0].numpy()
    np.testing.assert_allclose(moved[0], sharp[0], atol=1e-6)
    last = slice(10, -10)
    errors = {}
    for angle in np.arange(0, 360, 2):
        by = 5.0 * np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
        errors[angle] = np.abs(
            shift(sharp.astype(float), -by, order=3, mode="mirror")[-1, last] - moved[-1, last]
        ).max()
    assert min(errors.values()) < 0.01
    assert np.median(list(errors.values())) > 0.1


def test_drift_goes_everywhere_and_grows() -> None:
    ramp = torch.arange(64.0)[None, None, None].expand(200, 1, 64, 64) / 64
    moved = (displace(ramp, Scan(drift_px=4.0), generator()) - ramp)[:, 0, :, 32] * 64
    last = moved[:, -1]
    assert float(last.max()) == pytest.approx(4, abs=0.1)
    assert float(last.min()) == pytest.approx(-4, abs=0.1)
    assert float((last**2).mean()) == pytest.approx(8, rel=0.2), "cosine of a uniform angle, times 4"
    assert (moved[:, 1:].abs() >= moved[:, :-1].abs() - 1e-4).all()


def test_charging_is_a_ramp_and_trails_to_the_right() -> None:
    flat = torch.full((50, 1, 32, 200), 0.4)
    ramp = charge(flat, 0.2, generator()) - flat
    assert float(ramp.mean().abs()) < 1e-4
    torch.testing.assert_close(ramp.amax(dim=(1, 2, 3)) - ramp.amin(dim=(1, 2, 3)), torch.full((50,), 0.2))
    bright = flat.clone()
    bright[:, :, 8:24, 40:100] += 0.5
    trails = charge(bright, 0.2, generator()) - bright - ramp
    excess = float((bright - bright.mean(dim=(2, 3), keepdim=True))[0, 0, 12, 60])
    assert trails[..., :40].abs().max() < 1e-6, "nothing to the left"
    assert trails[:, :, :8].abs().max() < 1e-6, "nor on other lines"
    behind = trails[:, 0, 12, 100:]
    decays = torch.log(behind[:, 0] / behind[:, 40])
    torch.testing.assert_close(behind[:, 20], behind[:, 0] * torch.exp(-decays / 2), atol=1e-6, rtol=1e-3)
    lengths = 40 / decays
    assert 8 - 0.1 < float(lengths.min()) < float(lengths.max()) < 48 + 0.1
    expected = 0.2 * excess * (1 - torch.exp(-60 / lengths))
    torch.testing.assert_close(behind[:, 0].abs(), expected, rtol=1e-3, atol=1e-6)
    assert 10 < int((behind[:, 0] > 0).sum()) < 40


def test_banding_is_an_offset_of_lines() -> None:
    flat = torch.full((4, 1, 500, 40), 0.5)
    banded = degrade(flat, Degradation(scale=1, scan=Scan(banding=0.03)), generator())
    assert float(banded.var(dim=3).max()) < 1e-12
    assert float(banded.mean(dim=3).std()) == pytest.approx(0.03, rel=0.05)


@pytest.mark.parametrize("length", [1.0, 4.0])
def test_streaks_forget_along_the_line_and_never_cross_it(length: float) -> None:
    """Correlation exp(-lag / length) along a line, starting at its first pixel, and none between lines."""
    flat = torch.zeros(4, 1, 256, 512)
    scan = Scan(streaks=0.05, streak_length_px=length)
    noise = degrade(flat, Degradation(scale=1, scan=scan), generator())
    assert float(noise.std()) == pytest.approx(0.05, rel=0.03)
    assert float(noise[..., :2].std()) == pytest.approx(0.05, rel=0.1)
    for lag in (1, 2, 5):
        along = float((noise[..., lag:] * noise[..., :-lag]).mean()) / 0.05**2
        assert along == pytest.approx(math.exp(-lag / length), abs=0.03)
    across = float((noise[:, :, 1:] * noise[:, :, :-1]).mean()) / 0.05**2
    assert abs(across) < 0.03


def test_doses_are_log_uniform_and_each_image_has_its_own() -> None:
    """On a flat 0.5 the variance is 0.5 / dose: its logarithm is uniform between that of 20 and of 2000."""
    noisy = add_noise(torch.full((400, 1, 40, 40), 0.5), (20.0, 2000.0), 0.0, generator())
    decades = torch.log10(0.5 / noisy.var(dim=(1, 2, 3)))
    assert float(decades.mean()) == pytest.approx((np.log10(20) + np.log10(2000)) / 2, abs=0.1)
    assert torch.histc(decades, 4, np.log10(20), np.log10(2000)).min() > 70
    assert float(noisy.mean()) == pytest.approx(0.5, abs=0.002)


def test_shot_noise_follows_the_distortion_of_the_scan() -> None:
    """Its variance is not reduced by the interpolation of shifted lines, and read noise adds to it."""
    flat = torch.full((1, 1, 400, 400), 0.5)
    settings = Degradation(scale=1, dose_e_per_px=100, read_noise=0.05, scan=Scan(jitter_px=1, drift_px=3))
    assert float(degrade(flat, settings, generator()).var()) == pytest.approx(0.5 / 100 + 0.05**2, rel=0.03)


def test_everything_at_once_repeats_and_differs_between_images() -> None:
    same = torch.from_numpy(texture(64))[None, None].expand(3, 1, 64, 64).contiguous()
    first, region = degrade_with_blur(same, EVERYTHING, generator(7))
    again, region_again = degrade_with_blur(same, EVERYTHING, generator(7))
    assert first.shape == (3, 1, 32, 32)
    assert first.dtype == torch.float32
    assert region is not None
    assert region_again is not None
    assert region.shape == (3, 1, 64, 64)
    assert torch.equal(first, again)
    assert torch.equal(region, region_again)
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(degrade(same, EVERYTHING, generator(8)), first)
    geometry = Degradation(scale=1, scan=Scan(jitter_px=0.4, drift_px=2, charging=0.1))
    distorted = degrade(same, geometry, generator())
    assert not torch.allclose(distorted[0], distorted[1], atol=1e-3)


def test_absent_parts_draw_nothing() -> None:
    """Trainings from versions without blur and scan distortion continue with the same noise."""
    x = torch.rand(2, 1, 16, 16, generator=generator())
    plain = Degradation(scale=1, dose_e_per_px=100, read_noise=0.01)
    output, region = degrade_with_blur(x, plain, generator(3))
    assert region is None
    assert torch.equal(output, add_noise(x, 100, 0.01, generator(3)))
    with_zeros = plain.model_copy(update={"scan": Scan()})
    plainly, with_parts = generator(3), generator(3)
    assert torch.equal(add_noise(x, 100, 0.01, plainly), degrade(x, with_zeros, with_parts))
    assert torch.equal(plainly.get_state(), with_parts.get_state())


def test_a_scan_without_any_distortion_is_absent() -> None:
    """Otherwise an unchanged image would be scored against itself."""
    idle = override_degradation(Degradation(scale=1), ["degradation.scan.banding=0"])
    assert idle == Degradation(scale=1)
    assert idle.is_empty
    undone = override_degradation(Degradation(scan=Scan(streaks=0.1)), ["degradation.scan.streaks=0"])
    assert undone.scan is None
    assert Degradation(scan=Scan(drift_px=1.0)).scan == Scan(drift_px=1.0)


def test_invalid_settings_are_refused() -> None:
    for wrong in ({"size_px": (3, 1)}, {"size_px": (-1, 1)}, {"ratio": 0.5}):
        with pytest.raises(ValidationError):
            Blur(**wrong)
    for dose in ((400, 100), (0, 10), -1):
        with pytest.raises(ValidationError):
            Degradation(dose_e_per_px=dose)
    recipe = override(find_recipe("vdsr-x4"), ["degradation.blur.size_px=1,4", "degradation.dose_e_per_px=50,400"])
    assert recipe.degradation.blur == Blur(size_px=(1, 4))
    assert recipe.degradation.dose_e_per_px == (50, 400)
    with pytest.raises(UserError, match=r"valid here: .*size_px"):
        override(find_recipe("vdsr-x4"), ["degradation.blur.sigma=3"])

"""Baselines of denoising and refocusing, compared with direct calls of scikit-image and with theory."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means

from sem_models.config.degradation import Blur, Degradation, Downsampling, Scan
from sem_models.errors import UserError
from sem_models.evaluation.baselines.filters import noise_sigma
from sem_models.evaluation.baselines.table import Bicubic, ProjectedBicubic, baselines_for, find_baseline, known_kernel
from sem_models.inference.predictor import Predictor
from sem_models.physics.downsampling import back_project, downsample

BLURRED = Degradation(scale=1, blur=Blur(size_px=(2.0, 2.0)))


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """Overlapping discs of grey: flat areas and edges."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:192, :160]
    image = np.full((192, 160), 0.3, np.float32)
    for _ in range(25):
        row, column, radius, grey = rng.uniform((0, 0, 8, 0.1), (192, 160, 30, 0.9))
        image[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = grey
    return gaussian_filter(image, 0.7)


def error(image: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean((image[8:-8, 8:-8] - truth[8:-8, 8:-8]) ** 2))


def applied(name: str, image: np.ndarray, forward: Degradation) -> np.ndarray:
    return Predictor(find_baseline(name, forward), "cpu", tile=64).predict_unit(image[None].astype(np.float32))[0]


def test_each_task_has_its_baselines() -> None:
    """The unchanged input is always one of them."""
    names = {
        "enlarge": [baseline.name for baseline in baselines_for(Degradation(scale=4, blur=Blur()))],
        "enlarge noisy": [baseline.name for baseline in baselines_for(Degradation(scale=4, read_noise=0.1))],
        "enlarge recorded": [baseline.name for baseline in baselines_for(Degradation(scale=4), recorded=True)],
        "denoise": [baseline.name for baseline in baselines_for(Degradation(scale=1, dose_e_per_px=20))],
        "refocus": [baseline.name for baseline in baselines_for(BLURRED)],
    }
    assert names["enlarge"] == ["baseline:bicubic", "baseline:identity"]
    assert names["enlarge noisy"] == names["enlarge recorded"] == [*names["enlarge"], "baseline:nlm+bicubic"]
    assert names["denoise"] == ["baseline:identity", "baseline:gaussian", "baseline:nlm", "baseline:tv"]
    assert names["refocus"] == ["baseline:identity", "baseline:unsharp", "baseline:wiener", "baseline:richardson-lucy"]


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.3])
def test_noise_is_measured(truth: np.ndarray, sigma: float) -> None:
    noisy = truth + sigma * np.random.default_rng(0).normal(size=truth.shape)
    assert noise_sigma(noisy) == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("mean", [0.02, 0.1, 0.2])
def test_noise_of_few_counts_is_measured(mean: float) -> None:
    """More than half of the differences are 0; the variance of a Poisson distribution is its mean."""
    counts = np.random.default_rng(1).poisson(mean, (256, 250))
    assert noise_sigma(counts / 4) == pytest.approx(np.sqrt(mean) / 4, rel=0.05)


def test_edges_between_flat_areas_are_no_noise() -> None:
    flat = np.zeros((192, 160), np.float32)
    flat[51:77, 33:101] = 1
    assert noise_sigma(flat) < 1e-5


@pytest.mark.parametrize(("name", "least"), [("gaussian", 2.0), ("nlm", 6.0), ("tv", 4.0)])
def test_denoising_baselines_remove_noise(truth: np.ndarray, name: str, least: float) -> None:
    noisy = truth + 0.1 * np.random.default_rng(0).normal(size=truth.shape)
    assert error(noisy, truth) / error(applied(name, noisy, Degradation(scale=1)), truth) > least


def test_non_local_means_sees_the_whole_image(truth: np.ndarray) -> None:
    """With tiles of 64 px requested, the result equals one call of scikit-image on the whole image."""
    noisy = (truth + 0.1 * np.random.default_rng(0).normal(size=truth.shape)).astype(np.float32)
    sigma = noise_sigma(noisy)
    whole = denoise_nl_means(noisy, patch_size=5, patch_distance=6, h=0.8 * sigma, sigma=sigma, fast_mode=True)
    assert np.allclose(applied("nlm", noisy, Degradation(scale=1)), whole, atol=1e-6)


def test_noisy_images_are_denoised_before_they_are_enlarged(truth: np.ndarray) -> None:
    """The noise is measured on the recorded pixels; enlarged, it would be correlated and underestimated."""
    noisy = (truth + 0.1 * np.random.default_rng(0).normal(size=truth.shape)).astype(np.float32)
    enlarged = applied("nlm+bicubic", noisy, Degradation(scale=2))
    denoised = applied("nlm", noisy, Degradation(scale=1))
    assert np.allclose(enlarged, applied("bicubic", denoised, Degradation(scale=2)), atol=1e-5)
    expected = applied("bicubic", truth, Degradation(scale=2))
    assert error(applied("bicubic", noisy, Degradation(scale=2)), expected) / error(enlarged, expected) > 5


@pytest.mark.parametrize(("name", "least"), [("unsharp", 1.2), ("wiener", 2.0), ("richardson-lucy", 2.0)])
def test_refocusing_baselines_undo_blur(truth: np.ndarray, name: str, least: float) -> None:
    blurred = gaussian_filter(truth, 2.0)
    assert error(blurred, truth) / error(applied(name, blurred, BLURRED), truth) > least


def test_deconvolution_does_not_darken_the_border() -> None:
    """Black or periodic padding would; a flat image stays flat."""
    flat = np.full((96, 80), 0.6, np.float32)
    for name in ("wiener", "richardson-lucy"):
        assert np.allclose(applied(name, flat, BLURRED), 0.6, atol=2e-3)


def test_known_kernel_is_the_blur_of_a_point() -> None:
    point = np.zeros((25, 25))
    point[12, 12] = 1
    kernel = known_kernel(Blur(size_px=(1.0, 3.0)), "wiener")
    assert kernel.sum() == pytest.approx(1.0)
    middle = kernel.shape[0] // 2
    expected = gaussian_filter(point, 2.0, truncate=3.0)[12 - middle : 13 + middle, 12 - middle : 13 + middle]
    assert np.allclose(kernel, expected, atol=1e-4)


def test_deconvolution_needs_a_blur() -> None:
    with pytest.raises(UserError, match=r"scored on a dataset with degradation\.blur\.size_px=2,2"):
        find_baseline("wiener", Degradation(scale=1))


def test_filters_keep_the_batch() -> None:
    x = torch.rand(3, 1, 40, 48)
    filtered = find_baseline("gaussian", Degradation(scale=1))(x)
    assert filtered.shape == x.shape
    assert np.allclose(filtered[1, 0].numpy(), gaussian_filter(x[1, 0].numpy(), 1.0, mode="reflect"), atol=1e-5)


@pytest.mark.parametrize("downsampling", ["bicubic_aa", "gaussian_area"])
def test_projection_makes_bicubic_agree_with_its_input_and_leaves_the_truth_alone(downsampling: Downsampling) -> None:
    sharp = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64).float()
    low = downsample(sharp, 4, downsampling)
    plain, projected = Bicubic(4)(low), ProjectedBicubic(4, downsampling)(low)
    consistency = [
        -10 * torch.log10(((downsample(image, 4, downsampling) - low) ** 2).mean()) for image in (plain, projected)
    ]
    assert consistency[1] > consistency[0] + 10
    assert torch.equal(back_project(sharp, low, 4, downsampling), sharp)


def test_projection_stands_beside_bicubic_where_inputs_are_reduced_and_nothing_else() -> None:
    def names(**changes: object) -> list[str]:
        return [baseline.name for baseline in baselines_for(Degradation(scale=4, **changes))]

    assert "baseline:bicubic+projection" in names()
    for changes in ({"read_noise": 0.01}, {"dose_e_per_px": 50}, {"blur": Blur()}, {"scan": Scan(drift_px=1)}):
        assert "baseline:bicubic+projection" not in names(**changes)

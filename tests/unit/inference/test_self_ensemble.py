"""The mean over orientations is what a symmetric kernel gives, and the deviation what the orientations differ by."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import correlate
from torch import Tensor

from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.presets.table import find_recipe
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.inference.self_ensemble import (
    FLIPS,
    FLIPS_AND_TURNS,
    oriented,
    oriented_back,
    restore_in_orientations,
)
from sem_models.tasks.table import find_task

KERNEL = np.random.default_rng(1).random((3, 3)) / 9
IMAGE = np.random.default_rng(0).random((20, 31)).astype(np.float32)


class Filter:
    """A convolution with zeros around the image."""

    name = "filter"
    capabilities = Capabilities(1, 1, 1, receptive_field=3)

    def __init__(self, kernel: np.ndarray) -> None:
        self.kernel = torch.from_numpy(kernel.astype(np.float32))[None, None]

    def __call__(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel, padding=self.kernel.shape[-1] // 2)


def micrograph(image: np.ndarray = IMAGE) -> Micrograph:
    return Micrograph(image[:, :, None], 3.0, source="a.tif")


@pytest.mark.parametrize("orientation", FLIPS_AND_TURNS)
def test_orientations_can_be_undone(orientation: int) -> None:
    image = IMAGE[None]
    assert np.array_equal(oriented_back(oriented(image, orientation), orientation), image)


def test_the_orientations_are_the_symmetries_of_a_square() -> None:
    known = {np.rot90(turned, k).tobytes() for turned in (KERNEL, KERNEL.T) for k in range(4)}
    assert {oriented(KERNEL[None], orientation)[0].tobytes() for orientation in FLIPS_AND_TURNS} == known
    flips = {KERNEL.tobytes(), KERNEL[::-1].tobytes(), KERNEL[:, ::-1].tobytes(), KERNEL[::-1, ::-1].tobytes()}
    assert {oriented(KERNEL[None], orientation)[0].tobytes() for orientation in FLIPS} == flips


def test_the_mean_is_that_of_the_symmetric_kernel() -> None:
    """By linearity; SciPy correlates with the mean of the eight turned kernels."""
    turned = [np.rot90(kernel, k) for kernel in (KERNEL, KERNEL.T) for k in range(4)]
    unit = Predictor(Filter(KERNEL)).predict_unit(IMAGE[None])[0]
    assert np.allclose(unit, correlate(IMAGE, KERNEL, mode="constant"), atol=1e-6)
    made = restore_in_orientations(Predictor(Filter(KERNEL)), micrograph())
    lo, hi = np.percentile(IMAGE, (0.1, 99.9))
    expected = correlate((IMAGE - lo) / (hi - lo), np.mean(turned, 0), mode="constant") * (hi - lo) + lo
    assert np.allclose(made.mean.pixels[..., 0], expected, atol=1e-5)


def test_the_deviation_of_a_shift_is_half_the_difference_of_neighbours() -> None:
    """Flipped columns turn a shift to the right into one to the left: two outputs, each as often."""
    shift = np.zeros((3, 3))
    shift[1, 0] = 1
    made = restore_in_orientations(Predictor(Filter(shift)), micrograph(), FLIPS)
    expected = np.abs(IMAGE[:, 2:] - IMAGE[:, :-2]) / 2
    assert np.allclose(made.deviation.pixels[:, 1:-1, 0], expected, atol=1e-5)
    assert made.deviation.pixels.dtype == np.float32


def test_outputs_keep_their_type_and_say_what_they_are() -> None:
    grey = (IMAGE * 60000).astype(np.uint16)
    made = restore_in_orientations(Predictor(Filter(KERNEL)), micrograph(grey))
    assert made.mean.pixels.dtype == np.uint16
    assert made.mean.pixel_size_nm == made.deviation.pixel_size_nm == 3.0
    assert "mean over 8 orientations" in made.mean.history[-1].settings
    assert "standard deviation over 8 orientations" in made.deviation.history[-1].settings


@pytest.mark.parametrize(
    ("recipe", "orientations"),
    [
        ("nafnet-denoise-small", FLIPS_AND_TURNS),
        ("n2v-lines-denoise-small", FLIPS),
        ("inpaint-lines-small", (0,)),
        ("unet-segment-small", (0,)),
        ("ddpm-masks-small", (0,)),
    ],
)
def test_lines_stay_horizontal_and_masks_have_no_mean(recipe: str, orientations: tuple[int, ...]) -> None:
    found = find_recipe(recipe)
    assert find_task(found).orientations(found) == orientations

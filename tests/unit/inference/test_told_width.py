"""Models that are told the width of the blur: strength, abstention and tiles, compared with exact stand-ins."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from pipelines.release.export import LARGEST_DIFFERENCE, _write_onnx
from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import find_recipe
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import build_model
from sem_models.inference.told_width import AtWidth, ToldWidthModel, abstention, at_strength, gaussian
from sem_models.networks.table import build_network
from sem_models.tasks.models import apply_to_file
from tests.support.small_recipes import short

SIGMA_PX, NOISE = 2.0, 0.02


@pytest.fixture(scope="module")
def sharp() -> np.ndarray:
    random = np.random.default_rng(0).normal(size=(128, 256))
    return (0.5 + 0.8 * gaussian_filter(random, 1.5)).astype(np.float32)


@pytest.fixture(scope="module")
def recorded(sharp: np.ndarray) -> Tensor:
    noise = NOISE * np.random.default_rng(1).normal(size=sharp.shape)
    blurred = gaussian_filter(sharp, SIGMA_PX, mode="mirror", truncate=3)
    return torch.from_numpy((blurred + noise).astype(np.float32))[None, None]


class StandIn(nn.Module):
    """Returns one image, and remembers what it was told."""

    def __init__(self, output: np.ndarray) -> None:
        super().__init__()
        self.output = torch.from_numpy(output)[None, None]

    def forward(self, x: Tensor) -> Tensor:
        self.told = x[:, -1:]
        return self.output


def trained_model(strength_px: float = 1.0) -> ToldWidthModel:
    """With random weights, so that it changes every image."""
    recipe = short("refocus-strength-small")
    torch.manual_seed(0)
    network = build_network(recipe.network)
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.05)
    model = at_strength(build_model(recipe, network.state_dict(), torch.device("cpu")), strength_px)
    assert isinstance(model, ToldWidthModel)
    return model


def test_blur_is_that_of_scipy(sharp: np.ndarray) -> None:
    ours = gaussian(torch.from_numpy(sharp)[None, None], 2.5)[0, 0].numpy()
    np.testing.assert_allclose(ours, gaussian_filter(sharp, 2.5, mode="mirror", truncate=8 / 2.5), atol=1e-5)


def test_an_exact_network_is_trusted(sharp: np.ndarray, recorded: Tensor) -> None:
    stand_in = StandIn(sharp)
    both = AtWidth(stand_in, SIGMA_PX, maps=True)(recorded)
    assert (stand_in.told == SIGMA_PX).all()
    assert both[:, 1].max() < 0.05
    np.testing.assert_allclose(both[0, 0].numpy(), sharp, atol=0.02)


def test_invented_structure_is_replaced_by_the_recording(sharp: np.ndarray, recorded: Tensor) -> None:
    """Stripes that a blur of 2 px would not remove, in the right half only."""
    invented = sharp.copy()
    invented[:, 128:] += 0.2 * np.sin(2 * np.pi * np.arange(128) / 16).astype(np.float32)
    both = AtWidth(StandIn(invented), SIGMA_PX, maps=True)(recorded)[0]
    assert both[1, :, :100].max() < 0.05
    assert both[1, :, 156:].min() > 0.99
    np.testing.assert_allclose(both[0, :, 156:], recorded[0, 0, :, 156:], atol=1e-3)


def test_a_width_that_is_too_large_is_recognised_and_one_that_is_too_small_passes(
    sharp: np.ndarray, recorded: Tensor
) -> None:
    """Nothing blurred by 4 px holds the detail of an image that was blurred by 2 px."""
    truth = torch.from_numpy(sharp)[None, None]
    assert abstention(recorded, truth, 4.0).mean() > 0.9
    halfway = torch.from_numpy(gaussian_filter(sharp, (SIGMA_PX**2 - 1) ** 0.5, mode="mirror"))[None, None]
    assert abstention(recorded, halfway, 1.0).mean() < 0.05


def test_noise_alone_is_no_contradiction(recorded: Tensor) -> None:
    """A flat image with noise of any strength, and its true mean."""
    for sigma in (0.002, 0.02, 0.2):
        noisy = 0.5 + sigma * torch.randn(1, 1, 128, 128, generator=torch.Generator().manual_seed(0))
        assert abstention(noisy, torch.full_like(noisy, 0.5), 2.0).max() < 0.05


def test_strength_0_leaves_the_image_as_it_is() -> None:
    x = torch.rand(1, 1, 64, 48, generator=torch.Generator().manual_seed(0))
    assert torch.equal(trained_model(0.0)(x), x)
    assert not torch.equal(trained_model(1.0)(x), x)


def test_tiles_give_what_the_whole_image_gives() -> None:
    model = trained_model(4.0)
    halo = model.capabilities.halo
    image = np.random.default_rng(0).random((1, 2 * halo + 90, 4 * halo + 120), np.float32)
    whole = Predictor(model, "cpu", tile=4096).predict_unit(image)
    tiled = Predictor(model, "cpu", tile=64, batch=2).predict_unit(image)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


def test_result_and_map_are_written(tmp_path: Path) -> None:
    pixels = (255 * np.random.default_rng(0).random((64, 80, 1))).astype(np.uint8)
    step = apply_to_file(Predictor(trained_model(0.0)), Micrograph(pixels, 5.0), tmp_path / "a.tif")
    assert "assumed blur of sigma 0 px" in step.settings
    assert np.array_equal(read_micrograph(tmp_path / "a.tif").pixels, pixels)
    model = trained_model(3.0)
    apply_to_file(Predictor(model), Micrograph(pixels, 5.0), tmp_path / "b.tif")
    mapped = read_micrograph(tmp_path / "abstention" / "b.tif")
    expected = replace(model, maps=True)(torch.from_numpy(pixels[None, None, ..., 0] / np.float32(255)))[0]
    assert (mapped.pixel_size_nm, mapped.pixels.dtype) == (5.0, np.float32)
    np.testing.assert_allclose(mapped.pixels[..., 0], expected[1], atol=1e-5)
    again = Predictor(model).predict(Micrograph(pixels, 5.0))
    assert np.array_equal(read_micrograph(tmp_path / "b.tif").pixels, again.pixels)


def test_exported_model_has_the_chosen_strength(tmp_path: Path) -> None:
    assert _write_onnx(trained_model(2.0), tmp_path / "m.onnx") < LARGEST_DIFFERENCE


def test_strength_is_refused_where_it_means_nothing() -> None:
    with pytest.raises(UserError, match="widths of 0 to 4 px"):
        at_strength(trained_model(), 4.5)
    recipe = find_recipe("srn-known-small")
    other = RestorationModel(recipe, build_network(recipe.network), "srn")
    assert at_strength(other, None) is other
    assert capabilities(recipe.network).strength is None
    with pytest.raises(UserError, match="cannot be told"):
        at_strength(other, 1.0)

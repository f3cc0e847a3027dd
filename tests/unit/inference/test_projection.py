"""Projection at prediction: outputs agree with their inputs, in tiles as in one piece, in the units of the file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from sem_models.config.degradation import DOWNSAMPLINGS, Downsampling
from sem_models.config.intensity import IntensityLimits, TypeLimits
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.evaluation.metrics.down_consistency import down_consistency_db
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.projection import projected
from sem_models.networks.table import build_network
from sem_models.physics.downsampling import downsample
from tests.support.images import natural
from tests.support.patterned import patterned
from tests.support.tiled import whole_image

SCALE = 4


def recipe_for(*changes: str) -> Recipe:
    return override(find_recipe("srresnet-x4-small"), ["network.blocks=1", "network.width=4", *changes])


def wrong_model(recipe: Recipe | None = None) -> RestorationModel:
    """A network that invents detail: fixed weights so large that its output is far from its input."""
    recipe = recipe or recipe_for()
    return RestorationModel(recipe, patterned(build_network(recipe.network)), "wrong")


def low_image(height: int = 40, width: int = 36, downsampling: Downsampling = "bicubic_aa") -> np.ndarray:
    """(1, h, w): a reduced image."""
    return downsample(natural(SCALE * height, SCALE * width, sigma=8), SCALE, downsampling)[0].numpy()


@pytest.mark.parametrize("downsampling", DOWNSAMPLINGS)
def test_any_output_agrees_with_its_input_afterwards(downsampling: Downsampling) -> None:
    low, model = low_image(downsampling=downsampling), wrong_model()
    before = Predictor(model, "cpu").predict_unit(low)
    after = Predictor(projected(model, downsampling), "cpu").predict_unit(low)
    consistency = [down_consistency_db(image, low, SCALE, downsampling, 1.0) for image in (before, after)]
    assert consistency[0] < 30
    assert consistency[1] > consistency[0] + 15


def test_pillow_finds_the_same_agreement() -> None:
    """By an implementation of anti-aliased bicubic reduction that has nothing to do with ours."""
    low, model = low_image(), wrong_model()
    after = Predictor(projected(model, "bicubic_aa"), "cpu").predict_unit(low)[0]
    reduced = np.asarray(Image.fromarray(after).resize(low.shape[:0:-1], Image.Resampling.BICUBIC))
    before = Predictor(model, "cpu").predict_unit(low)[0]
    plain = np.asarray(Image.fromarray(before).resize(low.shape[:0:-1], Image.Resampling.BICUBIC))
    assert np.abs(reduced - low[0]).mean() < np.abs(plain - low[0]).mean() / 10


def test_an_output_that_agrees_already_is_left_as_it_is() -> None:
    sharp = natural(160, 144)
    low = downsample(sharp, SCALE, "bicubic_aa")

    class Truth(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return sharp

    model = projected(RestorationModel(recipe_for(), Truth(), "truth"), "bicubic_aa")
    assert torch.equal(model(low), sharp)


@pytest.mark.parametrize("downsampling", DOWNSAMPLINGS)
def test_tiles_give_the_same_as_one_piece(downsampling: Downsampling) -> None:
    low, model = low_image(131, 118, downsampling), projected(wrong_model(), downsampling)
    whole = whole_image(model, low)
    tiled = Predictor(model, "cpu", tile=32).predict_unit(low)
    assert np.abs(tiled - whole).max() < 1e-5


def sixteen_bit() -> tuple[Micrograph, RestorationModel]:
    """A 16-bit image from 9000 to 51000, and a model that learned from such images."""
    pixels = (np.rint(60000 * low_image()[0, :, :, None]) + 3000).astype(np.uint16)
    role = (TypeLimits(dtype="uint16", parts=((3000.0, 63000.0),)),)
    recipe = recipe_for().model_copy(update={"limits": IntensityLimits(input=role, output=role)})
    return Micrograph(pixels, 10.0), wrong_model(recipe)


def test_grey_levels_of_16_bit_are_kept(tmp_path: Path) -> None:
    """The reduced output has the counts of the input; the file says what was done."""
    recorded, model = sixteen_bit()
    predictor = Predictor(projected(model, "bicubic_aa"), "cpu", tile=32)
    predictor.predict_to_file(recorded, tmp_path / "out.tif")
    made = read_micrograph(tmp_path / "out.tif")
    assert made.pixels.dtype == np.uint16
    assert made.pixel_size_nm == 2.5
    reduced = downsample(torch.from_numpy(made.pixels[None, None, ..., 0].astype(np.float32)), SCALE, "bicubic_aa")
    assert np.abs(reduced[0, 0].numpy() - recorded.pixels[..., 0]).mean() < 0.002 * 60000
    assert np.array_equal(made.pixels, predictor.predict(recorded).pixels)
    settings = made.history[-1].settings
    assert settings == "projected onto the input (bicubic_aa), intensity limits of the training: 3000 to 63000"


def test_the_model_behind_it_stays_known() -> None:
    model = wrong_model()
    after = projected(model, "cubic_aliased")
    assert (after.name, after.recipe, after.network) == (model.name, model.recipe, model.network)
    assert after.capabilities.back_projection == "cubic_aliased"
    assert after.capabilities.halo > model.capabilities.halo
    assert not after.takes_one_pass, "other programs would run the network without the projection"

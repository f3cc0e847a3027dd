"""Whatever a task makes of an image: the output says what its model is not for, and whether the image was unlike."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.projection import projected
from sem_models.inference.told_width import ToldWidthModel
from sem_models.networks.table import build_network
from sem_models.tasks.models import apply_model, apply_to_file
from tests.support.small_recipes import narrow, short
from tests.support.specimens import learned, specimens

NOTE = "version 1: Not for counting atoms"


def pixels(image: np.ndarray, lines: bool) -> np.ndarray:
    grey = (128 + 30 * image / image.std()).clip(1, 254).astype(np.uint8)
    if lines:
        grey[100:102] = 0
    return grey[..., None]


ALIKE = specimens()[0]
UNLIKE = np.kron(np.random.default_rng(0).random((8, 8)), np.ones((20, 20)))


def named(recipe: Recipe, kind: type[RestorationModel] = RestorationModel) -> RestorationModel:
    """An untrained model that learned from specimens, with damaged lines where it redraws them."""
    seen = [pixels(image, recipe.degradation.lines is not None)[..., 0] for image in specimens()]
    torch.manual_seed(0)
    network = build_network(recipe.network).eval()
    return kind(recipe, network, "tiny", note=NOTE, learned=learned(seen))


class Flat(nn.Module):
    """Three classes, the second everywhere."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tensor([0.0, 1.0, 0.0])[:, None, None].expand(len(x), 3, *x.shape[2:])


def segmenter() -> RestorationModel:
    recipe = find_recipe("unet-segment-small").model_copy(update={"labels": (0, 5, 9)})
    return RestorationModel(recipe, Flat().eval(), "tiny", note=NOTE, learned=learned(specimens()))


MODELS = {
    "denoising": lambda: named(narrow(find_recipe("nafnet-denoise"))),
    "told width": lambda: named(short("refocus-strength-small"), ToldWidthModel),
    "inpainting": lambda: named(narrow(find_recipe("inpaint-lines-small"))),
    "segmentation": segmenter,
    "projection": lambda: projected(named(narrow(find_recipe("srresnet-x4-small"))), "bicubic_aa"),
}


@pytest.mark.parametrize("name", MODELS)
def test_files_and_arrays_say_it_alike(name: str, tmp_path: Path) -> None:
    predictor = Predictor(MODELS[name](), "cpu", backend="torch")
    for image, warns in ((ALIKE, False), (UNLIKE, True)):
        given = Micrograph(pixels(image, lines=name == "inpainting"), source="a.tif")
        step = apply_to_file(predictor, given, tmp_path / "out.tif")
        written = read_micrograph(tmp_path / "out.tif").history[-1]
        for told in (step, written, apply_model(predictor, given).history[-1]):
            assert ("unlike those that the model learned from" in told.warning) == warns, name
            assert NOTE in told.settings


def test_the_map_of_abstention_names_the_model_as_the_image_does(tmp_path: Path) -> None:
    predictor = Predictor(MODELS["told width"](), "cpu", backend="torch")
    step = apply_to_file(predictor, Micrograph(pixels(UNLIKE, lines=False)), tmp_path / "out.tif")
    mapped = read_micrograph(tmp_path / "abstention" / "out.tif").history[-1]
    assert mapped.settings == f"map of abstention, {step.settings}"
    assert mapped.warning == step.warning


def test_a_diffusion_model_names_its_sampling_beside_its_note() -> None:
    recipe = find_recipe("ddpm-masks-small")
    model = DiffusionModel(recipe, nn.Identity(), "tiny", note=NOTE)
    assert recipe.diffusion is not None
    assert f"{recipe.diffusion.sampling.steps} steps" in model.step.settings
    assert NOTE in model.step.settings

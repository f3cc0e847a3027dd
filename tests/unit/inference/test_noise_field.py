"""Noise is tied to positions: tiles agree where they overlap, are not copies, and together give the whole image."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.diffusion.noise_field import noise_at
from sem_models.inference.model import Place
from sem_models.inference.predictor import Predictor
from tests.support.small_recipes import narrow

CPU = torch.device("cpu")
STEPS = 2


class Neighbours(nn.Module):
    """Predicts noise from a mean over 3 x 3 px and the condition, so its receptive field is one px."""

    def __init__(self) -> None:
        super().__init__()
        self.register_parameter("device", nn.Parameter(torch.zeros(1)))

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return 0.8 * x_t + 0.3 * nn.functional.avg_pool2d(x_t, 3, 1, 1) - condition[:, :1]


@dataclass(frozen=True)
class Seeing(DiffusionModel):
    """The receptive field is one px for each step."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(3, 1, 1, STEPS)


@pytest.fixture
def model() -> Seeing:
    changes = [f"diffusion.sampling.steps={STEPS}", "diffusion.sampling.samples=2"]
    return Seeing(override(narrow(find_recipe("ddpm-masks-small")), changes), Neighbours(), "seeing")


def test_windows_of_one_field_agree_and_its_blocks_are_no_copies() -> None:
    whole = noise_at(Place(0, 0), (150, 300), 2, (3, 1), CPU)
    for place, size in ((Place(0, 0), (10, 10)), (Place(30, 60), (70, 200)), (Place(64, 128), (64, 64))):
        rows, columns = (slice(start, start + length) for start, length in zip(place, size, strict=True))
        assert torch.equal(noise_at(place, size, 2, (3, 1), CPU), whole[:, rows, columns])
    for key in ((3, 2), (4, 1)):
        assert abs(np.corrcoef(noise_at(Place(0, 0), (150, 300), 2, key, CPU).ravel(), whole.ravel())[0, 1]) < 0.02
    blocks = whole[:, :128, :256].unfold(1, 64, 64).unfold(2, 64, 64).flatten(0, 2).flatten(1)
    between = np.corrcoef(blocks)[np.triu_indices(len(blocks), 1)]
    assert np.abs(between).max() < 0.1, "of 4096 numbers each"
    assert whole.mean().item() == pytest.approx(0, abs=0.02)
    assert whole.std().item() == pytest.approx(1, abs=0.02)


def test_tiles_are_the_whole_image(model: Seeing) -> None:
    """Also if a row of tiles is processed as one batch, and if the image size is not a multiple of the tile."""
    labels = np.random.default_rng(0).integers(0, 3, (101, 230))
    maps = (labels == np.arange(3)[:, None, None]).astype(np.float32)
    whole = model(torch.from_numpy(maps)[None])[0].numpy()
    assert np.ptp(whole) > 0.5
    for tile, batch in ((32, 1), (48, 3)):
        np.testing.assert_allclose(Predictor(model, "cpu", tile, batch).predict_unit(maps), whole, atol=1e-5)


def test_two_tiles_of_a_wide_image_are_not_copies(model: Seeing) -> None:
    """All pixels have the same class, so any repetition would come from the noise."""
    flat = np.zeros((3, 64, 256), np.float32)
    drawn = Predictor(model, "cpu", 60, 4).predict_unit(flat)[0]
    for shift in range(32, 192):
        assert abs(np.corrcoef(drawn[:, :64].ravel(), drawn[:, shift : shift + 64].ravel())[0, 1]) < 0.3

"""The halo of a network is measured, kept for its weights, and used where it saves more than it costs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.presets.table import find_recipe
from sem_models.inference.halo import EXACT, MeasuredHalo
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import Belongings, load_model, save_model
from sem_models.inference.tiling.measure_halo import measure_halo, with_measured_halo
from sem_models.networks.table import build_network

CPU = torch.device("cpu")
RECIPE = find_recipe("n2v-denoise-small")
STATED = RestorationModel(RECIPE, nn.Identity(), "stand-in").capabilities.halo


class Taps(nn.Module):
    """One row of weights: the output is the sum of the pixels to the right, times these, with zeros beyond the edge."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights), requires_grad=False)
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.shapes.append(tuple(x.shape[2:]))
        return F.conv2d(F.pad(x, (0, len(self.weights) - 1, 0, 0)), self.weights[None, None, None])


def model(*weights: float) -> RestorationModel:
    return RestorationModel(RECIPE, Taps(*weights), "stand-in")


def test_the_halo_is_where_the_last_weight_stands() -> None:
    found = measure_halo(model(*[0.0] * 7, 1.0), CPU)
    assert (found.px, found.error) == (7, 0.0)


def test_weights_that_hardly_matter_do_not_count() -> None:
    """Pixels at distance d have weight 10^-d: about 10^-d of the range is wrong at this distance from an edge."""
    found = measure_halo(model(*(10.0**-distance for distance in range(20))), CPU)
    assert found.px in (5, 6)
    assert 0 < found.error <= EXACT / 4


def test_the_stated_halo_remains_where_all_of_it_matters() -> None:
    found = measure_halo(model(*[1 / 32] * (STATED + 1)), CPU)
    assert found.px == STATED


class SeesSaturation(Taps):
    """Looks at what is white, and at nothing else: how far a rectifier looks depends on the image."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward((x >= 1).to(x))


def test_what_only_some_images_show_is_found() -> None:
    found = measure_halo(RestorationModel(RECIPE, SeesSaturation(*[0.0] * 9, 1.0), "stand-in"), CPU)
    assert found.px == 9


def test_tiles_with_the_measured_halo_equal_the_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    known = with_measured_halo(model(0.5, 0.0, 0.0, 0.0, 0.5), CPU)
    assert known.capabilities.halo == 4
    image = np.random.default_rng(0).random((1, 200, 300), np.float32)
    tiled = Predictor(known, "cpu", tile=32).predict_unit(image)
    with torch.inference_mode():
        np.testing.assert_allclose(tiled, known(torch.from_numpy(image)[None])[0].numpy(), atol=1e-6)
    narrower = replace(known, halo=MeasuredHalo(px=2, error=0, software=""))
    assert not np.allclose(Predictor(narrower, "cpu", tile=32).predict_unit(image), tiled, atol=1e-3)


def test_it_is_measured_once_for_the_same_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    first, again, other = model(0.5, 0.5), model(0.5, 0.5), model(0.5, 0.0, 0.5)
    halos = [with_measured_halo(one, CPU).capabilities.halo for one in (first, again, other)]
    assert halos == [1, 1, 2]
    calls = [len(one.network.shapes) for one in (first, again, other)]
    assert calls[0] == calls[2] > 0
    assert calls[1] == 0


def test_it_is_measured_where_it_pays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tiles of 64 px with halos of 26 px are three times the image, whose size decides."""
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    small, large = model(0.5, 0.5), model(0.5, 0.5)
    Predictor(small, "cpu", tile=64).predict_unit(np.zeros((1, 100, 100), np.float32))
    assert set(small.network.shapes) == {(100, 100)}
    Predictor(large, "cpu", tile=64).predict_unit(np.zeros((1, 500, 500), np.float32))
    assert large.network.shapes[-1][0] <= 64 + 2 * 1 + 4, "tiles come after what was measured"


def test_it_stays_with_the_weights(tmp_path: Path) -> None:
    halo = MeasuredHalo(px=9, error=2e-6, software="sem-workbench 1")
    save_model(tmp_path, RECIPE, build_network(RECIPE.network).state_dict(), belongings=Belongings(halo=halo))
    loaded = load_model(tmp_path)
    assert loaded.halo == halo
    assert Belongings.of(loaded).halo == halo
    assert (loaded.capabilities.halo, loaded.capabilities.halo_error) == (9, 2e-6)

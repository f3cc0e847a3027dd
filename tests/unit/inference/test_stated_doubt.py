"""Standard deviations of outputs: over orientations with exact stand-ins, and stated by a learned head."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.presets.table import find_recipe
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.stated_doubt import OrientationsModel, with_learned_doubt
from sem_models.inference.storage import Belongings, load_model, load_weights, save_model
from sem_models.networks.doubt_head import DoubtHead
from sem_models.networks.table import build_network
from sem_models.training.doubt import negative_log_likelihood
from tests.support.small_recipes import narrow

RECIPE = narrow(find_recipe("nafnet-denoise"))


class StandIn:
    """A function of images as a model."""

    name = "stand-in"

    def __init__(self, function, scale: int = 1) -> None:
        self._function = function
        self.capabilities = Capabilities(channels_in=1, channels_out=1, scale=scale, receptive_field=1)

    def __call__(self, x: Tensor) -> Tensor:
        return self._function(x)


def doubled(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def left_neighbour(x: Tensor) -> Tensor:
    return torch.roll(x, 1, 3)


@pytest.mark.parametrize(("function", "scale"), [(lambda x: x**2, 1), (doubled, 2)])
def test_what_is_the_same_in_all_orientations_has_no_spread(function, scale: int) -> None:
    x = torch.rand(2, 1, 6, 10)
    made = OrientationsModel(StandIn(function, scale), turns=True)(x)
    assert torch.allclose(made[:, :1], function(x), atol=1e-6)
    assert made[:, 1:].max() < 1e-6
    assert made.shape == (2, 2, 6 * scale, 10 * scale)


def test_mean_and_spread_are_those_of_the_neighbours_on_all_sides() -> None:
    """A model that returns the left neighbour returns, back in place, each of the four neighbours twice."""
    x = torch.rand(1, 1, 8, 8)
    around = np.stack([np.roll(x[0, 0].numpy(), shift, axis) for shift in (1, -1) for axis in (0, 1)])
    made = OrientationsModel(StandIn(left_neighbour), turns=True)(x)[0].numpy()
    np.testing.assert_allclose(made[0], around.mean(0), atol=1e-6)
    np.testing.assert_allclose(made[1], np.repeat(around, 2, 0).std(0, ddof=1), atol=1e-6)


def test_without_turns_scan_lines_stay_horizontal() -> None:
    x = torch.rand(1, 1, 8, 8)
    along = OrientationsModel(StandIn(lambda image: image.mean(3, keepdim=True).expand_as(image)), turns=False)
    assert along(x)[:, 1:].max() < 1e-6
    sides = np.stack([np.roll(x[0, 0].numpy(), shift, 1) for shift in (1, -1)])
    made = OrientationsModel(StandIn(left_neighbour), turns=False)(x)[0].numpy()
    np.testing.assert_allclose(made[1], np.repeat(sides, 2, 0).std(0, ddof=1), atol=1e-6)


def head() -> DoubtHead:
    torch.manual_seed(0)
    return DoubtHead().requires_grad_(False)


def test_the_head_follows_the_contrast() -> None:
    x, y = torch.rand(2, 1, 1, 48, 48)
    own = head()
    assert torch.allclose(own(7 * x + 3, 7 * y + 3), 7 * own(x, y), rtol=1e-3)


def test_the_likelihood_is_best_at_the_root_mean_square_of_the_errors() -> None:
    error = torch.randn(10_000, generator=torch.Generator().manual_seed(0))
    rms = error.square().mean().sqrt()
    losses = [negative_log_likelihood(error, rms * factor) for factor in (0.9, 1.0, 1.1)]
    assert losses[1] == min(losses)
    assert float(losses[1]) == pytest.approx(0.5 + float(rms.log()), abs=1e-5)


def test_the_head_is_stored_with_the_network_and_is_none_of_its_weights(tmp_path: Path) -> None:
    network, own = build_network(RECIPE.network).eval(), head()
    own.calibration.copy_(torch.tensor([1.25, 0.1]))
    save_model(tmp_path, RECIPE, network.state_dict(), belongings=Belongings(doubt=own))
    model = load_model(tmp_path)
    assert load_weights(tmp_path).keys() == network.state_dict().keys()
    assert model.doubt is not None
    x, y = torch.rand(2, 1, 1, 40, 40)
    assert torch.equal(model.doubt(x, y), own(x, y))


def test_tiles_give_the_whole_standard_deviation() -> None:
    torch.manual_seed(1)
    network = build_network(RECIPE.network).eval().requires_grad_(False)
    model = with_learned_doubt(RestorationModel(RECIPE, network, "tiny"), head())
    image = np.random.default_rng(0).random((1, 200, 232), np.float32)
    whole, tiled = (Predictor(model, "cpu", tile, backend="torch").predict_unit(image) for tile in (None, 64))
    assert whole.shape == (2, 200, 232)
    np.testing.assert_allclose(whole, tiled, atol=2e-4)


class Tenth(nn.Module):
    """States a tenth of the range everywhere."""

    def forward(self, given: Tensor, output: Tensor) -> Tensor:
        return torch.full_like(output, 0.1)


def test_the_file_holds_grey_levels_of_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = build_network(RECIPE.network)
    monkeypatch.setattr(network, "forward", lambda x: x)
    model = with_learned_doubt(RestorationModel(RECIPE, network, "tiny", note="version 3"), Tenth())
    pixels = np.random.default_rng(0).integers(0, 256, (40, 56, 1)).astype(np.uint8)
    Predictor(model, "cpu", backend="torch").predict_to_file(
        Micrograph(pixels, 5.0), tmp_path / "a.tif", std=tmp_path / "a-std.tif"
    )
    made, std = (read_micrograph(tmp_path / name) for name in ("a.tif", "a-std.tif"))
    np.testing.assert_array_equal(made.pixels, pixels)
    np.testing.assert_allclose(std.pixels, 25.5, rtol=1e-6)
    assert (std.pixels.dtype, std.pixels.shape, std.pixel_size_nm) == (np.float32, (40, 56, 1), 5.0)
    assert std.history[-1].settings.startswith("standard deviation in grey levels, version 3")


def test_an_enlarged_output_is_compared_with_the_bicubic_enlargement() -> None:
    torch.manual_seed(1)
    recipe = narrow(find_recipe("starter-sr-x2"))
    network, own = build_network(recipe.network).eval().requires_grad_(False), head()
    model = with_learned_doubt(RestorationModel(recipe, network, "tiny"), own)
    x = torch.rand(1, 1, 40, 48)
    output, enlarged = network(x), F.interpolate(x, scale_factor=2, mode="bicubic", antialias=True)
    made = model(x)
    assert made.shape == (1, 2, 80, 96)
    assert torch.allclose(made[:, 1:], own(enlarged, output), atol=1e-6)
    image = np.random.default_rng(0).random((1, 120, 136), np.float32)
    whole, tiled = (Predictor(model, "cpu", tile, backend="torch").predict_unit(image) for tile in (None, 64))
    assert whole.shape == (2, 240, 272)
    np.testing.assert_allclose(whole, tiled, atol=2e-4)

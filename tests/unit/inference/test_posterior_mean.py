"""The posterior mean as part of a model: stored with the weights, the same in tiles and when exported."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from sem_models.config.method_settings import BlindSpot
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.model import RestorationModel
from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.inference.posterior_mean import combined, interpolation, noise_variance, relative_activity
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import Belongings, load_model, save_model
from sem_models.methods.calibration import PosteriorCalibration
from sem_models.methods.recipe_check import check_recipe
from sem_models.methods.table import find_method
from sem_models.networks.table import build_network
from sem_models.training.checkpoint import FOLDERS
from sem_models.training.trainer import train
from sem_models.validation.without_reference import BlindValidator
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

POSTERIOR = PixelPosterior(gain=0.02, offset=0.0004, activity=(0.1, 0.5), filters=(((0.9,),), ((0.4,),)))
WIDE = POSTERIOR.model_copy(update={"filters": tuple(((0.05,) * 5,) * 5 for _ in range(2))})
SIMILAR = WIDE.model_copy(update={"similarity_filters": tuple(((0.03,) * 5,) * 5 for _ in range(2))})
RECIPE = short("n2v-denoise-small", "train.patch=32", "degradation.read_noise=0.1", "degradation.dose_e_per_px=none")
FUSED = override(RECIPE, ["blind_spot.estimate=posterior-mean"])


def model(posterior: PixelPosterior | None = POSTERIOR) -> RestorationModel:
    torch.manual_seed(0)
    network = build_network(RECIPE.network).eval().requires_grad_(False)
    return RestorationModel(RECIPE, network, "n2v", posterior=posterior)


def test_weights_are_those_of_numpy_at_every_activity() -> None:
    """The noise that is removed is the residual times the weight that numpy interpolates at the local activity."""
    generator = torch.Generator().manual_seed(0)
    recorded, prediction = torch.rand(2, 2, 1, 20, 24, generator=generator)
    activity = relative_activity(prediction, POSTERIOR)
    weights = np.interp(activity.numpy(), (0.1, 0.5), (0.9, 0.4))
    expected = recorded.numpy() - weights * (recorded - prediction).numpy()
    assert combined(recorded, prediction, POSTERIOR).numpy() == pytest.approx(expected, abs=1e-6)
    patch = prediction[0, 0, 4:7, 9:12]
    deviation = float(patch.std(correction=0) / noise_variance(prediction[0, 0, 5, 10], POSTERIOR).sqrt())
    assert float(activity[0, 0, 5, 10]) == pytest.approx(deviation, rel=1e-4)


def test_shares_add_up_and_end_at_the_last_knots() -> None:
    x = torch.linspace(-1, 4, 50)[None, None, None]
    shares = interpolation(x, (0.0, 1.0, 3.0))
    assert shares.sum(1).numpy() == pytest.approx(np.ones((1, 1, 50)), abs=1e-6)
    values = (shares[0, :, 0] * torch.tensor([2.0, -1.0, 5.0])[:, None]).sum(0)
    assert values.numpy() == pytest.approx(np.interp(x[0, 0, 0], (0, 1, 3), (2, -1, 5)), abs=1e-5)


@pytest.mark.parametrize("posterior", [POSTERIOR, WIDE, SIMILAR], ids=["one pixel", "5 x 5", "similar places"])
def test_tiles_give_the_whole_image(posterior: PixelPosterior) -> None:
    image = np.random.default_rng(0).random((1, 96, 100), dtype=np.float32)
    whole, tiled = (Predictor(model(posterior), "cpu", tile).predict_unit(image) for tile in (256, 32))
    assert np.abs(whole - tiled).max() < 1e-5
    assert np.abs(whole - Predictor(model(None), "cpu").predict_unit(image)).max() > 0.05


def test_it_is_stored_with_the_weights_and_older_files_have_none(tmp_path: Path) -> None:
    for folder, posterior in (("old", None), ("earlier", WIDE), ("new", SIMILAR)):
        (tmp_path / folder).mkdir()
        save_model(tmp_path / folder, RECIPE, model().network.state_dict(), belongings=Belongings(posterior))
        assert load_model(tmp_path / folder).posterior == posterior
    assert "posterior mean" in load_model(tmp_path / "new").step.settings
    assert load_model(tmp_path / "old").step.settings == ""


def test_posteriors_from_before_similar_places_can_be_read() -> None:
    stored = WIDE.model_dump(exclude={"similarity_filters"})
    assert PixelPosterior.model_validate(stored) == WIDE


@pytest.mark.parametrize("posterior", [POSTERIOR, SIMILAR], ids=["one pixel", "similar places"])
def test_the_exported_module_is_the_whole_model(posterior: PixelPosterior) -> None:
    fused, x = model(posterior), torch.rand(1, 1, 32, 32)
    exported = torch.export.export(fused.module, (x,)).module()
    assert torch.allclose(exported(x), fused(x), atol=1e-6)
    assert not torch.allclose(fused(x), fused.prediction(x), atol=1e-2)


def test_recipes_of_earlier_versions_keep_their_form() -> None:
    assert "estimate" not in BlindSpot().model_dump()
    assert "estimate" not in find_recipe("n2v-denoise").model_dump_json()
    stored = FUSED.model_dump_json()
    assert type(FUSED).model_validate_json(stored).blind_spot.uses_pixel


@pytest.mark.parametrize(
    "changes",
    [
        {"activity": (0.5, 0.1)},
        {"activity": (0.1,)},
        {"filters": (((0.9, 0.1),), ((0.4, 0.1),))},
        {"similarity_filters": (((0.9,),),)},
        {"similarity_filters": (((0.9, 0.1),), ((0.4, 0.1),))},
        {"gain": 0.0, "offset": 0.0},
    ],
)
def test_unsound_tables_are_refused(changes: dict) -> None:
    with pytest.raises(ValidationError):
        PixelPosterior.model_validate(POSTERIOR.model_dump() | changes)


def test_colour_images_are_refused() -> None:
    with pytest.raises(UserError, match="grey"):
        check_recipe(override(FUSED, ["network.channels_in=3", "network.channels_out=3"]))


def test_training_stores_what_validation_and_users_get(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The noise is that of the simulation. Six steps teach nothing, so the check of the residuals is switched off."""
    monkeypatch.setattr("sem_models.methods.calibration._CORRELATED", 1.0)
    monkeypatch.setattr("sem_models.methods.calibration._CROPS", 2)
    train(FUSED, small_dataset, tmp_path, Recorder())
    stored = load_model(tmp_path / FOLDERS["last"])
    assert stored.posterior is not None
    assert stored.posterior.gain * 0.5 + stored.posterior.offset == pytest.approx(0.01, rel=0.15)
    assert PosteriorCalibration(FUSED, small_dataset)(stored.prediction).posterior == stored.posterior


def test_no_posterior_where_noise_is_correlated(small_dataset: Dataset) -> None:
    streaks = override(FUSED, ["degradation.read_noise=0.01", "degradation.scan.streaks=0.1"])
    found = PosteriorCalibration(streaks, small_dataset)(replace(model(None), network=_Flat()))
    assert found.posterior is None
    assert "along the scan lines" in found.warning


def test_a_mask_along_the_lines_takes_noise_along_the_lines(
    small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only such a mask does, because the prediction of any other follows the noise of the neighbours.

    The noise is strong, so that it and not the structure that the network misses correlates the residuals.
    """
    monkeypatch.setattr("sem_models.methods.calibration.pooled_line_noise", lambda images: (0.0, 4.0, (1.0, 0.6, 0.36)))
    streaks = override(FUSED, ["degradation.read_noise=0.01", "degradation.scan.streaks=2"])
    lines = override(streaks, ["blind_spot.line_px=5", "blind_spot.stretch_px=8"])
    found, refused = (
        find_method(recipe).calibration(recipe, small_dataset)(replace(model(None), network=_Flat()))
        for recipe in (lines, streaks)
    )
    assert found.posterior is not None and found.posterior.offset == 4.0, found.warning
    assert refused.posterior is None


def test_the_blind_error_is_that_of_the_prediction(small_dataset: Dataset) -> None:
    """Hidden pixels hold replacements, which the posterior mean would take for recorded values."""
    from sem_models.evaluation.restoration import make_case

    entry = small_dataset.entries("val")[0]
    cases = {entry.name: make_case(small_dataset, entry, RECIPE.degradation, 1)}
    validator = BlindValidator(cases, 1, "cpu", BlindSpot(share=0.04))
    with_it, without = (validator(model(posterior), 1, Recorder()) for posterior in (POSTERIOR, None))
    assert with_it["val/blind_mse"] == without["val/blind_mse"]


class _Flat(torch.nn.Module):
    """Predicts the mean of the surroundings, which removes most structure and none of the noise's correlation."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = torch.nn.functional.pad(x, (12,) * 4, mode="reflect")
        return torch.nn.functional.avg_pool2d(around, 25, stride=1)

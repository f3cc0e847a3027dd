"""Blind-spot networks: every recorded pixel teaches, and the pixel enters its estimate by the posterior mean alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from scipy import stats

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.model import RestorationModel
from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import load_model
from sem_models.losses.pixel import gaussian_nll
from sem_models.methods.recipe_check import check_recipe
from sem_models.methods.table import build_method, find_method, stages
from sem_models.networks.table import build_network
from sem_models.training.checkpoint import FOLDERS
from sem_models.training.trainer import train
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

NOISE = ("train.patch=32", "degradation.read_noise=0.1", "degradation.dose_e_per_px=none")
POSTERIOR = PixelPosterior(gain=0.02, offset=0.0004, activity=(0.1,), filters=(((0.8,),),))
PIXEL, ROW = (short(name, *NOISE) for name in ("blind-denoise-small", "blind-lines-denoise-small"))


def test_the_likelihood_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    mean, target = rng.random((2, 2, 1, 5, 6))
    log_variance = rng.normal(-3, 1, mean.shape)
    expected = -stats.norm.logpdf(target, mean, np.exp(log_variance / 2)).mean() - np.log(2 * np.pi) / 2
    given = [torch.from_numpy(values) for values in (mean, log_variance, target)]
    assert gaussian_nll(*given).item() == pytest.approx(expected)


def test_every_pixel_teaches_by_its_recorded_value_and_the_target_is_never_used() -> None:
    """The loss is the likelihood over the whole noisy patch, with the target destroyed."""
    torch.manual_seed(0)
    method = build_method(PIXEL, Fabric(accelerator="cpu", devices=1))
    noisy = torch.rand(2, 1, 32, 32)
    losses = method.training_step(
        {"input": noisy, "target": torch.full_like(noisy, float("nan"))}, "restorer", stages(PIXEL)[0]
    )
    assert list(losses) == ["gaussian_nll"]
    with torch.no_grad():
        mean, log_variance = method.network.moments(noisy)
    per_pixel = torch.nn.functional.gaussian_nll_loss(mean, noisy, log_variance.exp(), reduction="none")
    assert losses["gaussian_nll"].item() == pytest.approx(per_pixel.mean().item(), rel=1e-5)


def test_patches_turn_unless_scan_lines_must_stay_horizontal() -> None:
    assert find_method(PIXEL).may_turn(PIXEL)
    assert not find_method(ROW).may_turn(ROW)


def test_training_stores_the_posterior_and_the_prediction_stays_blind(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six steps teach nothing, so the check of the residuals is switched off."""
    monkeypatch.setattr("sem_models.methods.calibration._CORRELATED", 1.0)
    monkeypatch.setattr("sem_models.methods.calibration._CROPS", 2)
    train(PIXEL, small_dataset, tmp_path, Recorder())
    stored = load_model(tmp_path / FOLDERS["last"])
    assert stored.posterior is not None
    assert stored.posterior.gain * 0.5 + stored.posterior.offset == pytest.approx(0.01, rel=0.15)
    x = torch.rand(1, 1, 32, 32)
    changed = x.clone()
    changed[0, 0, 13, 14] += 0.5
    assert stored.prediction(x)[0, 0, 13, 14] == stored.prediction(changed)[0, 0, 13, 14]
    assert stored(x)[0, 0, 13, 14] != stored(changed)[0, 0, 13, 14]


def test_no_posterior_where_a_pixel_shares_its_noise_with_its_row(small_dataset: Dataset) -> None:
    assert find_method(ROW).calibration(ROW, small_dataset) is None


def model() -> RestorationModel:
    torch.manual_seed(0)
    network = build_network(PIXEL.network).eval().requires_grad_(False)
    return RestorationModel(PIXEL, network, "blind", posterior=POSTERIOR)


def test_tiles_give_the_whole_image() -> None:
    image = np.random.default_rng(0).random((1, 96, 100), dtype=np.float32)
    whole, tiled = (Predictor(model(), "cpu", tile).predict_unit(image) for tile in (256, 32))
    assert np.abs(whole - tiled).max() < 1e-5


def test_the_exported_module_is_the_whole_model() -> None:
    blind, x = model(), torch.rand(1, 1, 32, 40)
    exported = torch.export.export(blind.module, (x,)).module()
    assert torch.allclose(exported(x), blind(x), atol=1e-6)
    assert not torch.allclose(blind(x), blind.prediction(x), atol=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [("losses.mse=1", "use the loss gaussian_nll alone"), ("network.channels=3", "grey images")],
)
def test_what_the_likelihood_does_not_cover_is_refused(change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_recipe(override(PIXEL, [change]))


def test_networks_that_see_the_pixel_are_refused() -> None:
    seeing = find_recipe("n2v-denoise-small").network
    mse = find_recipe("n2v-denoise-small").losses
    with pytest.raises(UserError, match="copy its input"):
        check_recipe(PIXEL.model_copy(update={"network": seeing, "losses": mse}))
    with pytest.raises(UserError, match="needs a network that gives variances"):
        check_recipe(PIXEL.model_copy(update={"network": seeing}))

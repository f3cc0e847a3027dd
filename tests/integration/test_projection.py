"""`predict --projection` with trained runs: what it writes, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.cli.options import CommandLineWords
from pipelines.model_ref import parse_model
from pipelines.predict.files import predict
from pipelines.predict.projection import offers_projection, with_projection
from pipelines.predict.requests import PredictRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import manifest_of
from pipelines.tracking.runs import create_run
from pipelines.train.create import create_training
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import RestorationModel
from sem_models.physics.downsampling import downsample
from tests.support.images import smooth_images
from tests.support.trained_runs import train_run


@pytest.fixture
def low(tmp_path: Path) -> Path:
    """A sharp image, reduced by two."""
    sharp = torch.from_numpy(smooth_images(1, 128, seed=9)[0].astype(np.float32))[None, None]
    pixels = downsample(sharp, 2, "bicubic_aa")[0, 0].round().clamp(0, 255).numpy().astype(np.uint8)
    write_micrograph(tmp_path / "low.tif", Micrograph(pixels[:, :, None], 5.0))
    return tmp_path / "low.tif"


def disagreement(output: Path, low: Path) -> float:
    made, given = (read_micrograph(path).pixels[..., 0].astype(np.float32) for path in (output, low))
    reduced = downsample(torch.from_numpy(made)[None, None], 2, "bicubic_aa")[0, 0].numpy()
    return float(np.abs(reduced - given).mean())


def test_projected_results_agree_with_their_inputs_and_say_so(
    sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, low: Path, tmp_path: Path
) -> None:
    run_id = train_run(override(tiny_recipe, ["degradation.read_noise=0"]), "small")
    wrong = {}
    for projection in (False, True):
        out = tmp_path / f"out-{projection}"
        request = PredictRequest(model=run_id, inputs=(low,), out=out, projection=projection)
        (result,) = predict(request)
        wrong[projection] = disagreement(Path(result.output or ""), low)
        settings = read_micrograph(Path(result.output or "")).history[-1].settings
        assert ("projected onto the input (bicubic_aa)" in settings) == projection
    assert wrong[True] < wrong[False] / 2
    assert wrong[True] < 1, "grey levels of 256"
    said = CliRunner().invoke(app, ["predict", run_id, str(low), "--out", str(tmp_path / "cli"), "--projection"])
    assert said.exit_code == 0, said.output
    by_command = read_micrograph(tmp_path / "cli" / "low.tif")
    assert np.array_equal(by_command.pixels, read_micrograph(tmp_path / "out-True" / "low.tif").pixels)
    mixed = create_run("sem", "mixed", "training", {}, {Tag.INTERPOLATED_FROM: run_id})
    assert manifest_of(mixed) == manifest_of(run_id), "an interpolated run learned from the dataset of its source"


def test_projection_is_refused_for_noisy_inputs_and_baselines(
    sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, low: Path, tmp_path: Path
) -> None:
    noisy = create_training(tiny_recipe, "small")
    assert not offers_projection(parse_model(noisy))
    assert offers_projection(parse_model(create_training(override(tiny_recipe, ["degradation.read_noise=0"]), "small")))
    with pytest.raises(UserError, match="inputs are noisy") as refused:
        with_projection(RestorationModel(tiny_recipe, nn.Identity(), "noisy", run_id=noisy))
    assert "cannot be used with --projection" in refused.value.message.render(CommandLineWords())
    request = PredictRequest(model="baseline:bicubic", inputs=(low,), out=tmp_path / "out", projection=True)
    assert not offers_projection(request.model)
    with pytest.raises(UserError, match=r"projection needs; `baseline:bicubic\+projection`"):
        predict(request)

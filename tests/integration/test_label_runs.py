"""From masks to a trained model and its outputs, through the use cases."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.data.prepare import prepare
from pipelines.data.requests import PrepareRequest
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.predict.files import predict
from pipelines.predict.requests import PredictRequest
from pipelines.tracking.artifacts import samples
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.images.io.read import read_micrograph
from tests.support.masked_sets import GREY_OF_CLASS, RAW_OF_CLASS, masked_files, rings
from tests.support.small_recipes import short


@pytest.mark.parametrize("name", ["unet-segment-small", "cgan-masks-small"])
def test_trained_scored_and_applied(name: str, sem_home: Path, tmp_path: Path) -> None:
    classes = [rings(seed) for seed in range(4)]
    options = masked_files(
        tmp_path / "files",
        [f"S{index}" for index in range(4)],
        [RAW_OF_CLASS[mask] for mask in classes],
        images=[GREY_OF_CLASS[mask] for mask in classes],
    )
    prepare(PrepareRequest(**dict(options)))
    # Four classes, as though the preset were made for them: the dataset knows better.
    side = "channels_out" if name.startswith("unet") else "channels_in"
    recipe = short(name, "train.patch=32", f"network.{side}=4", "degradation.read_noise=0")
    run_id = create_training(recipe, "m")
    recipe = stored_recipe(run_id)
    assert recipe.labels == (0, 127, 255)
    assert getattr(recipe.network, side) == 3
    result = run_training(run_id)
    assert result is not None
    assert ("val/dice" if name.startswith("unet") else "val/std_ratio") in result.best
    assert get_run(run_id).status == "FINISHED"
    assert set(samples(run_id).panels) == {"input", "output", "target"}
    report, _ = evaluate(EvaluateRequest(model=run_id, dataset="m"))
    assert report.methods[1] == ("baseline:majority" if name.startswith("unet") else "baseline:class-means")
    given = "raw" if name.startswith("unet") else "masks"
    done = predict(PredictRequest(model=run_id, inputs=[tmp_path / "files" / given], out=tmp_path / "out"))
    assert len(done) == 4
    for prediction in done:
        output = read_micrograph(Path(str(prediction.output)))
        assert output.pixels.shape == (64, 64, 1)
        if name.startswith("unet"):
            assert set(np.unique(output.pixels)) <= {0, 127, 255}

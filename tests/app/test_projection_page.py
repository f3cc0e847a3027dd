"""The Inference page offers projection only where the model learned from inputs that were reduced and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.predict.requests import PredictRequest
from pipelines.tracking.runs import set_status
from pipelines.train.create import create_training
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from tests.support.pages import assert_sound, page


def finished(recipe: Recipe) -> str:
    run_id = create_training(recipe, "small")
    set_status(run_id, "FINISHED")
    return run_id


def test_projection_is_offered_where_it_is_allowed(
    sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[PredictRequest] = []
    monkeypatch.setattr("pages.widgets.tasks.launch", lambda key, request: launched.append(request))
    clean, noisy = finished(override(tiny_recipe, ["degradation.read_noise=0"])), finished(tiny_recipe)
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(sem_home / "a.png")
    app = page("inference")
    for other in (noisy, "baseline:bicubic"):
        app.selectbox(key="model").set_value(other).run()
        assert_sound(app)
        assert not [box for box in app.checkbox if box.label == "Projection onto the input"]
    app.selectbox(key="model").set_value(clean).run()
    assert_sound(app)
    (choice,) = (box for box in app.checkbox if box.label == "Projection onto the input")
    assert not choice.value
    app.text_input(key="infer-folder").input(str(sem_home / "a.png"))
    choice.check().run()
    next(button for button in app.button if button.label == "Restore").click().run()
    (request,) = launched
    assert request.projection

"""The pages ask for a strength, or for a second frame to measure it with, where a model can be told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.evaluate.requests import EvaluateRequest
from pipelines.predict.requests import PredictRequest
from pipelines.request import Request
from pipelines.tracking.runs import set_status
from pipelines.train.create import create_training
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from tests.support.pages import assert_sound, open_tab, page
from tests.support.small_recipes import short

NAME = "refocus-strength-small"


@pytest.fixture
def told(sem_home: Path, small_dataset: Dataset) -> str:
    run_id = create_training(short(NAME), "small")
    set_status(run_id, "FINISHED")
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(sem_home / "a.png")
    return run_id


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    requests: list[Request] = []
    for place in ("pages.widgets.tasks", "pages.runs.detail"):
        monkeypatch.setattr(f"{place}.launch", lambda key, request: requests.append(request))
    return requests


def test_the_blur_is_measured_instead_of_chosen(sem_home: Path, told: str, launched: list[Request]) -> None:
    app = page("inference")
    app.selectbox(key="model").set_value("baseline:bicubic").run()
    assert not app.checkbox
    app.selectbox(key="model").set_value(told).run()
    assert_sound(app)
    assert app.slider(key=f"strength-{NAME}").value == 0.1
    app.text_input(key="infer-folder").input(str(sem_home / "a.png"))
    app.checkbox(key=f"measure-{NAME}").check().run()
    assert_sound(app)
    assert not app.slider
    button = next(button for button in app.button if button.label == "Restore")
    assert button.disabled, "the second frame is missing"
    app.text_input(key="second-frame-folder").input(str(sem_home / "b.png"))
    app.number_input(key="focus-step").set_value(1.5).run()
    next(button for button in app.button if button.label == "Restore").click().run()
    (request,) = launched
    assert isinstance(request, PredictRequest)
    assert (request.strength_px, request.second_frame, request.focus_step_px) == (None, sem_home / "b.png", 1.5)


def test_a_run_is_scored_at_the_chosen_strength(told: str, launched: list[Request]) -> None:
    app = open_tab(page("runs", run=told), told, "Scores")
    assert_sound(app)
    app.slider(key=f"strength-{NAME}").set_value(2.0).run()
    next(button for button in app.button if button.label == "Score on the test split").click().run()
    (request,) = launched
    assert isinstance(request, EvaluateRequest)
    assert request.strength_px == 2.0


def test_a_run_that_cannot_be_told_is_scored_as_before(
    sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, launched: list[Request]
) -> None:
    run_id = create_training(tiny_recipe, "small")
    set_status(run_id, "FINISHED")
    app = open_tab(page("runs", run=run_id), run_id, "Scores")
    assert_sound(app)
    assert not [slider for slider in app.slider if slider.key and slider.key.startswith("strength-")]
    next(button for button in app.button if button.label == "Score on the test split").click().run()
    (request,) = launched
    assert isinstance(request, EvaluateRequest)
    assert request.strength_px is None

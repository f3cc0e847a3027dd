"""`train?branch=RUN_ID`: the widgets begin at the values of the run, and what is launched takes over its recipe."""

from pathlib import Path

import pytest

from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run, list_runs
from pipelines.train.create import create_training
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from tests.support.pages import assert_sound, page


def test_a_branch_begins_at_its_run(
    sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.train.run.submit", lambda _: None)
    first, key = create_training(tiny_recipe, "small"), tiny_recipe.name
    app = page("train", branch=first)
    assert_sound(app)
    assert app.number_input(key=f"steps-{key}").value == tiny_recipe.train.steps
    assert not [caption for caption in app.caption if caption.value.startswith("Changed")]
    assert not [box for box in app.selectbox if box.key in ("task", "recipe")], "the run brings the recipe"
    app.number_input(key=f"steps-{key}").set_value(99).run()
    assert any("Changed from the run: `train.steps=99`" in caption.value for caption in app.caption)
    next(button for button in app.button if button.label == "Launch").click().run()
    (second,) = (run for run in list_runs(kind="training") if run.run_id != first)
    assert get_run(second.run_id).tags[Tag.BRANCHED_FROM] == first
    ours, theirs = stored_recipe(second.run_id), stored_recipe(first)
    assert ours.train.steps == 99
    assert ours.model_copy(update={"train": theirs.train}) == theirs


def test_an_unknown_run_is_named(sem_home: Path, small_dataset: Dataset) -> None:
    app = page("train", branch="0" * 32)
    assert not app.exception
    assert any("There is no run" in box.value for box in app.error)

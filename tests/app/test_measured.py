"""What a probe and a range test found, as the Train page shows it."""

import json
from pathlib import Path

import pytest

from pipelines.home import TaskFile, home
from pipelines.request import Request
from pipelines.train.requests import FindRateRequest, ProbeRequest
from sem_models.datasets.dataset import Dataset
from tests.support.pages import assert_sound, page

RECIPE = "srresnet-x2-small"
COST = {
    "device": "cpu", "start_s": 1.0, "validation_s": 2.5, "validations": 4, "checkpoint_s": 0.1, "checkpoints": 8,
    "stages": [{"name": "train", "steps": 2000, "step_s": 0.25}], "peak_bytes": 3 * 2**29, "steps": 2000,
    "total_s": 665.0, "alone": False,
}  # fmt: skip
FOUND = {
    "setting": "optimiser.lr", "rates": [1e-4, 1e-3, 1e-2], "losses": [3.0, 2.0, 2.5], "smoothed": [3.0, 2.0, 2.5],
    "suggestion": 1.2345e-3,
}  # fmt: skip


def ended(request: Request, result: dict[str, object]) -> str:
    """Write the folder of a task that has ended well."""
    task_id = f"20260101-000000-{request.use_case}-abcdef"
    folder = home().tasks / task_id
    folder.mkdir(parents=True)
    asked = {"use_case": request.use_case, "request": request.model_dump(mode="json"), "started": 0.0}
    (folder / TaskFile.REQUEST).write_text(json.dumps(asked))
    (folder / TaskFile.ENDED).write_text(json.dumps({"status": 0, "result": result}))
    return task_id


@pytest.mark.parametrize("recipe", [RECIPE, "vdsr-x2-small"])
def test_a_probe_says_minutes_and_memory_and_what_it_is_about(
    recipe: str, sem_home: Path, small_dataset: Dataset
) -> None:
    task = ended(ProbeRequest(recipe=recipe, dataset="small"), COST)
    app = page("train", probe=task)
    app.toggle(key="unfit").set_value(True).run()
    app.selectbox(key="recipe").set_value(RECIPE).run()
    assert_sound(app)
    (box,) = app.success
    for words in (
        "About 11 min 5 s",
        "1.5 GB",
        "2,000 steps of 250 ms",
        "4 validations of 2.5 s",
        "ran at the same time",
    ):
        assert words in box.value
    others = [caption.value for caption in app.caption if "other settings" in caption.value]
    assert others == ([] if recipe == RECIPE else ["Measured with other settings: vdsr-x2-small on small."])


def test_a_suggested_rate_is_taken_over(sem_home: Path, small_dataset: Dataset) -> None:
    task = ended(FindRateRequest(recipe=RECIPE, dataset="small"), FOUND)
    app = page("train", rate=task)
    app.toggle(key="unfit").set_value(True).run()
    app.selectbox(key="recipe").set_value(RECIPE).run()
    assert any("falls most steeply at 0.0012." in caption.value for caption in app.caption)
    assert app.button(key="use-rate").label == "Use 0.0012"
    app.button(key="use-rate").click().run()
    assert_sound(app)
    assert app.number_input(key=f"lr-{RECIPE}").value == 1.2e-3
    assert any("`optimiser.lr=0.0012`" in caption.value for caption in app.caption)


def test_where_no_rate_was_found_the_page_says_what_to_do(sem_home: Path, small_dataset: Dataset) -> None:
    task = ended(FindRateRequest(recipe=RECIPE, dataset="small"), {**FOUND, "suggestion": None})
    app = page("train", rate=task)
    assert_sound(app)
    (said,) = [caption.value for caption in app.caption if "Nothing found" in caption.value]
    assert "Keep the rate of the recipe" in said
    assert all(button.key != "use-rate" for button in app.button)

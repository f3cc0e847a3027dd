"""A task that somebody has cancelled is no error: the page says so and offers to forget it."""

from pathlib import Path

import pytest

from pages.widgets import tasks
from pipelines.jobs.tasks import TaskState
from sem_models.errors import Message
from tests.support.pages import page


@pytest.mark.parametrize(("status", "shown"), [("cancelled", "info"), ("failed", "error")])
def test_a_cancel_ends_in_a_remark_and_a_failure_in_an_error(
    status: str, shown: str, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = TaskState("t", "prepare", {}, status, "", 0, 0, "", 0.0, None, Message("no room"), 0.0, "")
    monkeypatch.setattr(tasks, "task_state", lambda task_id: state)
    monkeypatch.setattr(tasks, "require_seen", lambda thing, what: None)
    app = page("data", prepare="t")
    assert not app.exception
    said = {kind: [box.value for box in app.get(kind)] for kind in ("info", "error")}
    assert [kind for kind, boxes in said.items() if any("Preparing the dataset" in text for text in boxes)] == [shown]
    assert any(button.label == "Dismiss" for button in app.button)

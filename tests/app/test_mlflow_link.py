"""The page of a run leads to MLflow's own pages, or says what is missing for that."""

from pathlib import Path

import pytest

from pipelines.tracking.runs import create_run, set_status
from tests.support.pages import assert_sound, page


def test_without_pages_of_mlflow_the_run_says_how_to_get_a_link(
    sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run("sem", "steel", "training", {}, {})
    set_status(run_id, "FINISHED")
    app = page("runs", run=run_id)
    assert_sound(app)
    assert any("`SEM_MLFLOW_PAGES` states their address" in caption.value for caption in app.caption)
    monkeypatch.setenv("SEM_MLFLOW_PAGES", "http://localhost:5000")
    app = page("runs", run=run_id)
    assert_sound(app)
    assert not any("SEM_MLFLOW_PAGES" in caption.value for caption in app.caption)
    assert any(link.proto.label == "Open in MLflow" for link in app.get("link_button"))

"""What a page shows of an exception that nobody caught."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import app as dashboard
from pages.widgets.faults import show_fault
from tests.support.pages import page


def _faulty() -> None:
    from pages.widgets.faults import show_fault
    from sem_models.errors import FieldRef, UserError

    for error in (KeyError("secret"), UserError("Set ", FieldRef("group_by"), ".")):
        assert show_fault(error), "Streamlit shows its own box otherwise"


def test_the_trace_goes_into_a_file_and_the_page_says_where() -> None:
    app = AppTest.from_function(_faulty).run()
    assert not app.exception
    fault, mistake = (box.value for box in app.error)
    place = Path(re.findall(r"`(.+?)`", fault)[0])
    assert "KeyError: 'secret'" in place.read_text()
    place.unlink()
    assert "secret" not in fault
    assert "trainings" in fault
    assert mistake == "Set *Group pattern*."


def test_the_dashboard_shows_faults_in_this_way() -> None:
    assert dashboard._on_script_error is show_fault


def test_a_page_that_fails_takes_nothing_with_it(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("pipelines.tracking.runs.list_runs", fail)
    app = page("runs")
    assert app.exception
    assert app.get("bidi_component"), "the connection is watched, the tray is there"

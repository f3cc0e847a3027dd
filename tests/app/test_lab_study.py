"""A study in a lab: raters are those who signed in, whatever the address says, and results are the author's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from pipelines.people.acting import act_for
from pipelines.people.audit import read_audit
from pipelines.people.person import Person
from pipelines.study.answers import all_answers, next_trial, store_answer
from pipelines.study.order import rater_key, rater_of
from pipelines.study.studies import Study
from pipelines.tracking.runs import get_run
from sem_models.errors import UserError
from tests.support.empty_store import add_empty_store
from tests.support.lab import ALICE, BOB, ISSUER, VERA, write_lab
from tests.support.lab_pages import visit
from tests.support.studies import home_with_images, small_study, truth


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """A study of Alice."""
    monkeypatch.setattr("pipelines.people.acting._Process.person", None)
    monkeypatch.setattr("pipelines.people.acting._Process.works_for_many", False)
    homes = home_with_images(add_empty_store(tmp_path))
    next(homes)
    write_lab(tmp_path)
    act_for(ALICE)
    yield small_study(trials=2, catch_trials=0, questions=("pair",))
    next(homes, None)


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.main.button}


def test_the_rater_is_who_signed_in(study: Study) -> None:
    app = visit("study", VERA, of=study.run_id, rater=rater_of(ALICE))
    assert not app.exception
    assert not app.text_input, "no name is asked for"
    app.button(key="begin").click().run()
    assert {"Left", "Right", "Pause"} <= labels(app)
    next(button for button in app.button if button.label == "Left").click().run()
    (answer,) = all_answers(study)
    assert answer.rater == rater_of(VERA)
    assert [deed.name for deed in read_audit() if deed.deed == "answer"] == ["Vera"]
    app = visit("study", VERA, of=study.run_id, begun="yes")
    next(button for button in app.button if button.label == "Pause").click().run()
    assert "Begin" in labels(app)


def test_nobody_answers_for_somebody_else(study: Study) -> None:
    shown = next_trial(study, rater_of(ALICE))
    assert shown is not None
    with pytest.raises(UserError, match="Bob cannot answer as"):
        store_answer(study, rater_of(ALICE), shown, truth(study, shown), BOB)
    assert all_answers(study) == []


def test_results_are_the_authors(study: Study) -> None:
    for person, sees in ((ALICE, True), (BOB, False)):
        app = visit("study", person, of=study.run_id)
        app.segmented_control(key="view").set_value("Results").run()
        assert bool(app.toggle) == sees
        assert [box.value for box in app.error] == (
            [] if sees else ["The result of this study belongs to somebody else; only they and admins may see it."]
        )


def test_the_author_lets_the_lab_see_the_results(study: Study) -> None:
    app = visit("study", ALICE, of=study.run_id)
    app.segmented_control(key="view").set_value("Results").run()
    app.toggle(key=f"share-{study.run_id}").set_value(True).run()
    assert not app.error
    assert get_run(study.run_id).ownership.shared
    seen = visit("study", BOB, of=study.run_id)
    seen.segmented_control(key="view").set_value("Results").run()
    assert [toggle.key for toggle in seen.toggle] == [f"open-{study.run_id}"]
    assert "Made by Alice." in [caption.value for caption in seen.caption]


def test_who_has_opened_the_key_rates_no_more(study: Study) -> None:
    """Neither on another day, nor in a window that was open before."""
    shown = next_trial(study, rater_of(ALICE))
    assert shown is not None
    before = visit("study", ALICE, of=study.run_id, begun="yes")
    app = visit("study", ALICE, of=study.run_id)
    app.segmented_control(key="view").set_value("Results").run()
    app.toggle(key=f"open-{study.run_id}").set_value(True).run()
    assert [deed.name for deed in read_audit() if deed.deed == "open the key"] == ["Alice"]
    again = visit("study", ALICE, of=study.run_id, begun="yes")
    assert not {"Begin", "Left", "Right"} & labels(again)
    assert "You have opened the key" in again.info[0].value
    again.segmented_control(key="view").set_value("Results").run()
    assert [toggle.key for toggle in again.toggle] == [f"share-{study.run_id}"], "it stays open"
    next(button for button in before.button if button.label == "Left").click().run()
    assert all_answers(study) == []
    with pytest.raises(UserError, match="opened the key"):
        store_answer(study, rater_of(ALICE), shown, truth(study, shown), ALICE)
    assert "Begin" in labels(visit("study", BOB, of=study.run_id))


def test_ids_that_differ_by_capitals_alone_are_two_raters() -> None:
    lower, upper = (Person(f"{sub}@{ISSUER}", "A", "viewer") for sub in ("ab", "AB"))
    assert rater_key(rater_of(lower)) != rater_key(rater_of(upper))
    assert rater_key(rater_of(upper)) == rater_of(upper)


HOSTILE = "![x](http://evil.example/x.png) <a href='http://evil.example'>y</a>"


def test_what_the_author_wrote_loads_nothing_on_the_pages_of_raters(study: Study) -> None:
    """A picture in it would be fetched by the browser of everybody who takes part."""
    own = small_study(name="own", trials=2, catch_trials=0, questions=("single",), author=HOSTILE, realism=(HOSTILE,))
    begin = visit("study", VERA, of=own.run_id)
    trial = visit("study", VERA, of=own.run_id, begun="yes")
    results = visit("study", ALICE, of=own.run_id)
    results.segmented_control(key="view").set_value("Results").run()
    results.toggle(key=f"open-{own.run_id}").set_value(True).run()
    said = [element.value for app in (begin, results) for kind in (app.markdown, app.caption) for element in kind]
    said += [widget.label for widget in trial.segmented_control]
    assert sum("evil" in text for text in said) == 3
    for text in said:
        shown = MarkdownIt("commonmark").render(text)
        assert "<img" not in shown, text
        assert "<a " not in shown, text

"""The results of a study equal a count by hand, also on the command line and in files."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.study.answers import Given, next_trial, store_answer
from pipelines.study.results import study_results
from pipelines.study.studies import Study, list_studies, open_study
from pipelines.study.tables import answer_rows, as_csv, fool_rows, kappa_rows, realism_rows
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from tests.support.command_line import here
from tests.support.empty_store import add_empty_store
from tests.support.studies import home_with_images, sit, small_study, truth


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    """One home for all tests, in which each has its own studies."""
    yield from home_with_images(add_empty_store(tmp_path_factory.mktemp("home")))


@pytest.fixture
def study(dataset: Dataset, request: pytest.FixtureRequest) -> Study:
    return small_study(name=request.node.name[:80])


def test_results_equal_a_hand_count(study: Study) -> None:
    """Anna is always right, Ben always wrong; Cid answers his first four trials correctly and stops."""
    sit(study, "Anna")
    sit(study, "Ben", right=False)
    cid = sit(study, "Cid", most=4)
    results = study_results(study)
    assert results.raters == ("anna", "ben", "cid")
    assert {name: (p.hits, p.n) for name, p in results.catch.items() if name != "cid"} == {
        "anna": (2, 2),
        "ben": (0, 2),
    }
    rows = {(row["model"], row["question"], row["rater"]): row for row in fool_rows(results)}
    for model in study.definition.labels:
        assert (rows[model, "pair", "anna"]["fooled"], rows[model, "pair", "anna"]["n"]) == (0, 2)
        assert (rows[model, "single", "ben"]["fooled"], rows[model, "single", "ben"]["n"]) == (1, 1)
        both = rows[model, "pair", "all"]
        theirs = [a for a in cid if _judges(study, a.trial, model, "pair")]
        assert (both["fooled"], both["n"]) == (2, 4 + len(theirs))
    assert (results.real_called_real["anna"].hits, results.real_called_real["ben"].hits) == (2, 0)
    kappas = {(row["question"], row["raters"]): row["kappa"] for row in kappa_rows(results)}
    assert kappas["single", "anna, ben"] == pytest.approx(-1), "two and two, and never the same"
    assert any("ben got 0 of 2" in note for note in results.notes)
    assert any("Not finished yet: cid (24 of 30 answers" in note for note in results.notes)


def _judges(study: Study, trial: str, model: str, question: str) -> bool:
    found = study.trials[trial]
    shown = {study.items[name].model for name in found.items}
    return found.question == question and not found.catch and model in shown


def test_three_who_agree_have_full_kappa(study: Study) -> None:
    for rater in ("a", "b", "c"):
        sit(study, rater)
    rows = kappa_rows(study_results(study))
    assert [(r["kappa of"], r["question"], r["trials"]) for r in rows if r["kappa of"] == "Fleiss"] == [
        ("Fleiss", "pair", 4), ("Fleiss", "single", 4),
    ]  # fmt: skip
    assert all(row["kappa"] == pytest.approx(1) for row in rows)


def test_realism_is_averaged_by_source(dataset: Dataset) -> None:
    study = small_study(name="graded", questions=("single",), realism=("texture",))
    while shown := next_trial(study, "Anna"):
        real = study.items[shown.items[0]].kind == "real"
        given = truth(study, shown)
        store_answer(study, "Anna", shown, Given(given.answer, 1.0, 3, (("texture", 5 if real else 2),)))
    rows = {row["pictures"]: (row["mean grade (1 to 5)"], row["n"]) for row in realism_rows(study_results(study))}
    assert rows == {"real": (5, 4), "baseline:bicubic": (2, 2), "baseline:identity": (2, 2)}


def test_csv_has_a_row_for_each_answer(study: Study) -> None:
    sit(study, "=cmd()", right=False)
    rows = list(csv.DictReader(io.StringIO(as_csv(answer_rows(study_results(study))))))
    assert len(rows) == 10
    assert {row["correct"] for row in rows} == {"False"}
    assert {row["rater"] for row in rows} == {"'=cmd()"}
    assert [float(row["seconds"]) for row in rows] == [1.5 if row["question"] == "pair" else 2.0 for row in rows]


def test_command_line_makes_a_study_and_counts_it(dataset: Dataset, tmp_path: Path) -> None:
    create = ["study", "create", "by hand", "--model", "baseline:bicubic", "--dataset", "small", "--split", "train"]
    made = here(*create, "--trials", "6", "--catch", "2", "--crop", "16", "--seed", "5")
    assert list_studies()[0].run_id == made["run_id"]
    sit(open_study("by hand"), "Anna")
    found = here("study", "results", "by hand", "--csv", str(tmp_path / "rows.csv"))
    assert found["answers"] == 8
    assert [(row["rater"], row["fooled"], row["n"]) for row in found["fool_rates"]] == [("all", 0, 6), ("anna", 0, 6)]
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 9
    with pytest.raises(UserError, match="there are: by hand"):
        open_study("none")

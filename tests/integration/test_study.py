"""Several raters at once in one store: no answer is lost, and each rater continues where they stopped."""

import io
import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.study.answers import Given, all_answers, answers_of, next_trial, store_answer
from pipelines.study.order import order_for
from pipelines.study.studies import Study, open_study, picture_files
from pipelines.tracking.artifacts import list_files, put_text
from pipelines.tracking.keys import Artifact
from pipelines.tracking.runs import get_run
from pipelines.tracking.store import client
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from tests.support.domains import unpaired
from tests.support.empty_store import add_empty_store
from tests.support.studies import home_with_images, sit, small_study


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    """One home for all tests, in which each has its own studies."""
    yield from home_with_images(add_empty_store(tmp_path_factory.mktemp("home")))


@pytest.fixture
def study(dataset: Dataset, request: pytest.FixtureRequest) -> Study:
    return small_study(name=request.node.name[:80])


def test_pictures_are_the_dataset_and_the_models(study: Study, dataset: Dataset) -> None:
    """Real images are pixels of the dataset; those of the identity baseline repeat each pixel four times."""
    stored = {path.rsplit("/", 1)[-1] for path in list_files(study.run_id, Artifact.STUDY_PICTURES)}
    assert stored == {f"{name}.png" for name in study.items}
    files = dict(zip(study.items, picture_files(study, list(study.items)), strict=True))
    assert len({len(file) for file in files.values()}) == 1
    pixels = {name: np.asarray(Image.open(io.BytesIO(file))).astype(float) for name, file in files.items()}
    entries = {entry.name: entry for entry in dataset.entries("train")}
    for item in study.key.items:
        shown = pixels[item.id]
        if item.kind == "real":
            whole = dataset.array(entries[item.image], "image")[:, :, 0]
            crop = whole[item.row : item.row + 16, item.column : item.column + 16].astype(float)
            assert np.corrcoef(crop.ravel(), shown.ravel())[0, 1] > 0.99
        elif item.kind == "generated" and item.model == "baseline:identity":
            assert np.array_equal(shown, shown[::4, ::4].repeat(4, 0).repeat(4, 1))


def test_definition_is_in_the_store_without_the_seed_among_the_parameters(study: Study) -> None:
    stored = get_run(study.run_id)
    assert stored.experiment == "studies"
    assert "seed" not in stored.params
    assert stored.params["trials"] == "8"
    assert study.definition.seed == 20161
    assert small_study(name="again").key == study.key, "same seed, same study"
    with pytest.raises(UserError, match="already"):
        small_study(name="again")


def test_a_study_that_is_named_like_the_id_of_another_does_not_get_its_raters(study: Study) -> None:
    """An earlier version of the program allowed such a name; the other study is the newer one, and so comes first."""
    other = small_study(name="another one")
    client().update_run(other.run_id, name=study.run_id)
    assert open_study(study.run_id).run_id == study.run_id
    assert open_study(other.run_id).run_id == other.run_id
    for name in (study.run_id, study.run_id.upper()):
        with pytest.raises(UserError, match="it would be taken for the id of a run"):
            small_study(name=name)


def test_a_rater_continues_where_they_stopped(study: Study) -> None:
    before = order_for(study, "Anna")
    sit(study, "Anna", most=3)
    again = open_study(study.definition.name)
    assert next_trial(again, " ANNA ") == before[3]
    assert next_trial(again, "Ben").position == 1
    sit(again, "anna")
    assert next_trial(again, "Anna") is None
    assert [answer.position for answer in answers_of(again, "Anna")] == list(range(1, 11))


def test_first_word_counts_and_bad_answers_are_refused(study: Study) -> None:
    shown = next(s for s in order_for(study, "Anna") if s.trial.question == "pair")
    first = store_answer(study, "Anna", shown, Given("left", 1.0))
    store_answer(study, "Anna", shown, Given("right", 1.0))
    assert answers_of(study, "Anna") == [first]
    single = next(s for s in order_for(study, "Anna") if s.trial.question == "single")
    for given in (Given("left", 1.0, 3), Given("real", 1.0), Given("real", 1.0, 6)):
        with pytest.raises(UserError, match="again"):
            store_answer(study, "Anna", single, given)
    assert answers_of(study, "Anna") == [first]


def _sit_in_a_process(name: str, rater: str) -> None:
    sit(open_study(name), rater)


@pytest.mark.faults
def test_raters_at_once_lose_no_answer(study: Study) -> None:
    """Two processes and four threads; two of the threads are one person with two windows."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_sit_in_a_process, args=(study.run_id, f"p{i}")) for i in range(2)]
    names = ("t0", "t1", "twice", "twice")
    threads = [threading.Thread(target=sit, args=(study, name)) for name in names]
    for worker in (*processes, *threads):
        worker.start()
    for worker in (*processes, *threads):
        worker.join(240)
    assert all(process.exitcode == 0 for process in processes)
    answers = all_answers(study)
    assert len(answers) == 50
    assert {(a.rater, a.trial) for a in answers} == {
        (rater, trial) for rater in ("p0", "p1", "t0", "t1", "twice") for trial in study.trials
    }


def test_a_record_that_is_still_being_written_waits(study: Study) -> None:
    (answer,) = sit(study, "Anna", most=1)
    put_text(study.run_id, "answers/half/x.json", answer.model_dump_json()[:40])
    assert all_answers(study) == [answer]


def test_two_domains_without_pairs_can_be_asked_about(sem_home: Path) -> None:
    """Real images are from the second domain, those of the identity baseline from the first."""
    rng = np.random.default_rng(0)
    first, second = ([rng.integers(0, 256, (64, 64), np.uint8) for _ in range(5)] for _ in range(2))
    dataset = unpaired(sem_home, first, second)
    made = small_study(dataset="u", models=("baseline:identity",), baseline_scale=1, trials=8, catch_trials=2)
    with pytest.raises(UserError, match="factor"):
        small_study(name="two", dataset="u", models=("baseline:gaussian", "baseline:bicubic"), baseline_scale=2)
    shown_of: dict[str, list[str]] = {"real": [], "generated": []}
    entries = {entry.name: entry for entry in dataset.entries("train")}
    files = dict(zip(made.items, picture_files(made, list(made.items)), strict=True))
    for item in made.key.items:
        if item.kind != "wrecked":
            role = "target" if item.kind == "real" else "input"
            whole = dataset.array(entries[item.image], role)[:, :, 0].astype(float)
            crop = whole[item.row : item.row + 16, item.column : item.column + 16]
            shown = np.asarray(Image.open(io.BytesIO(files[item.id]))).astype(float)
            assert np.corrcoef(crop.ravel(), shown.ravel())[0, 1] > 0.99
            shown_of[item.kind].append(item.image)
    assert {name[0] for name in shown_of["real"]} == {"b"}
    assert {name[0] for name in shown_of["generated"]} == {"a"}

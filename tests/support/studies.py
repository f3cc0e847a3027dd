"""Small studies of baselines, for tests: no model has to be trained."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.study.answers import Answer, Given, next_trial, store_answer
from pipelines.study.create import create_study
from pipelines.study.definition import StudyCreateRequest
from pipelines.study.order import Shown
from pipelines.study.studies import Study, open_study
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.images import smooth_images


def home_with_images(home: Path) -> Iterator[Dataset]:
    """A home with the dataset `small`, for as long as the generator is open."""
    raw = home / "raw"
    raw.mkdir()
    for index, image in enumerate(smooth_images(5)):
        write_micrograph(raw / f"S{index}-a.tif", Micrograph(image[:, :, None], 2.5))
    changed = pytest.MonkeyPatch()
    changed.setenv("SEM_HOME", str(home))
    changed.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield write_dataset(plan_dataset(PrepareOptions(name="small", raw=(raw,))), home / "datasets" / "small")
    changed.undo()


def small_study(**changes: object) -> Study:
    """A study with both questions, 8 trials and 2 catch trials on the training images of the dataset `small`."""
    chosen = {"name": "small study", "models": ("baseline:bicubic", "baseline:identity"), "dataset": "small"}
    sizes = {"split": "train", "questions": ("pair", "single"), "trials": 8, "catch_trials": 2, "crop_px": 16}
    return open_study(create_study(StudyCreateRequest(**{**chosen, **sizes, "seed": 20161, **changes})))


def truth(study: Study, shown: Shown, right: bool = True) -> Given:
    """The right or the wrong answer to a trial."""
    kinds = [study.items[name].kind for name in shown.items]
    if shown.trial.question == "pair":
        return Given("left" if (kinds[0] == "real") == right else "right", 1.5)
    return Given("real" if (kinds[0] == "real") == right else "generated", 2.0, 4)


def sit(study: Study, rater: str, right: bool = True, most: int = 1000) -> list[Answer]:
    """Answer up to `most` trials, all of them correctly or all of them wrongly."""
    given = []
    while len(given) < most and (shown := next_trial(study, rater)):
        given.append(store_answer(study, rater, shown, truth(study, shown, right)))
    return given

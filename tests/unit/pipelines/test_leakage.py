"""Images that a model was trained on are not used for tests, and images that were generated are not generated again."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.evaluate.leakage import refuse_leakage
from pipelines.predict.label_models import LabelModel
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.synthetic import KnownDrawings, drawn_by, write_synthetic
from sem_models.errors import UserError
from tests.support.masked_sets import grey_classes


@pytest.fixture
def dataset(sem_home: Path) -> Dataset:
    return grey_classes(sem_home / "datasets")


def model_of(dataset: Dataset) -> LabelModel:
    return LabelModel(SimpleNamespace(name="net"), None, "run", dataset.manifest)  # type: ignore[arg-type]


def altered(dataset: Dataset, name: str, groups: str, keep_files: bool = False) -> Dataset:
    """The same images under other names, from other raw files and specimens, all in the test split."""
    folder = dataset.folder.with_name(name)
    shutil.copytree(dataset.folder, folder)
    content = json.loads((folder / "manifest.json").read_text()) | {"name": name}
    for index, entry in enumerate(content["entries"]):
        entry |= {"split": "test", "group": groups.format(index)}
        for array in entry["arrays"]:
            array["sha256"] = array["sha256"] if keep_files else f"{name} {index} {array['role']}"
    (folder / "manifest.json").write_text(json.dumps(content))
    return open_dataset(folder)


def brightened(dataset: Dataset) -> Dataset:
    for entry in dataset.manifest.entries:
        place = dataset.folder / entry.array("image").file
        np.save(place, np.load(place) + 1)
    return dataset


def test_files_pixels_and_specimens_are_recognised(dataset: Dataset) -> None:
    model = model_of(dataset)
    refuse_leakage(model, dataset, "test")
    with pytest.raises(UserError, match=r"was trained on S\d-a.png of the train split of 'm'"):
        refuse_leakage(model, dataset, "train")
    for other in (altered(dataset, "files", "n{}x", keep_files=True), altered(dataset, "pixels", "n{}x")):
        with pytest.raises(UserError, match=r"was trained on S\d-a.png of the test split"):
            refuse_leakage(model, other, "test")
    with pytest.raises(UserError, match=r"other images of specimen 's\d'.* group_by"):
        refuse_leakage(model, brightened(altered(dataset, "specimens", "s{}")), "test")
    refuse_leakage(model, brightened(altered(dataset, "others", "n{}x")), "test")


def test_numbers_are_no_names_and_without_the_dataset_there_are_no_pixels(dataset: Dataset) -> None:
    numbered = altered(dataset, "numbered", "{}")
    trained = numbered.manifest.model_copy(
        update={"entries": tuple(e.model_copy(update={"split": "train"}) for e in numbered.manifest.entries)}
    )
    model = LabelModel(SimpleNamespace(name="net"), None, "run", trained)  # type: ignore[arg-type]
    refuse_leakage(model, brightened(altered(dataset, "again", "{}")), "test")
    shutil.rmtree(dataset.folder)
    refuse_leakage(model_of(dataset), altered(numbered, "third", "n{}x"), "test")


def test_masks_are_drawn_once_for_all_sets_of_a_run(dataset: Dataset) -> None:
    asked: list[int] = []
    offset = 0.0

    def draw(one_hot: np.ndarray) -> np.ndarray:
        asked.append(1)
        return 0.1 + offset + 0.4 * one_hot[1:2] + 0.301 * one_hot[2:]

    folders = [dataset.folder.with_name(name) for name in ("synthetic", "both", "later")]
    train = len(dataset.entries("train"))
    first = write_synthetic(dataset, folders[0], KnownDrawings(draw, folders, "run"), "run", "synthetic")
    assert len(asked) == train > 1
    both = write_synthetic(dataset, folders[1], KnownDrawings(draw, folders, "run"), "run", "both")
    assert len(asked) == train + 1, "one, to see that the weights are the same"
    for entry in first.entries("train"):
        (same,) = (e for e in both.entries("train") if e.name == entry.name)
        assert np.array_equal(first.array(entry, "image"), both.array(same, "image"))
        assert drawn_by(entry) == "run"
    write_synthetic(dataset, folders[2], KnownDrawings(draw, folders, "other run"), "other run", "synthetic")
    assert len(asked) == 2 * train + 1, "another run draws for itself"
    offset = 0.1
    trained_on = KnownDrawings(draw, folders, "run")
    again = write_synthetic(dataset, dataset.folder.with_name("anew"), trained_on, "run", "synthetic")
    assert len(asked) == 3 * train + 1, "other weights, other images"
    assert again.digest != first.digest

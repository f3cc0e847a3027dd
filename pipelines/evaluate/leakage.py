"""Whether a model of label maps has seen in training what it is to be tested on."""

import hashlib
from collections.abc import Sequence

import numpy as np

from pipelines.data.find import find_dataset
from pipelines.predict.label_models import LabelModel
from sem_models.datasets.dataset import Dataset, digest_of
from sem_models.datasets.manifest import Entry, Manifest, Split
from sem_models.errors import FieldRef, UserError

_Pixels = tuple[tuple[int, ...], str, bytes]


def refuse_leakage(model: LabelModel, dataset: Dataset, split: Split) -> None:
    """Refuse a model that was trained on images of the split: what it remembers is not what it can do.

    Files are compared, then the names of specimens, then stored pixels where the training dataset still exists: the
    same image may have come as another file. A specimen whose name is only a number is not compared, because numbers
    start again in every series. Crops of one image under two names are not recognised.

    Raises:
        UserError: The model was trained on an image of the split, or on another one of the same specimen.
    """
    held_out = dataset.entries(split)
    learned = [entry for entry in model.manifest.entries if entry.split == "train"]
    there = f"the {split} split of {dataset.manifest.name!r}"
    way_out = "use the test split of the dataset that it was trained on, or another dataset"
    if name := _same_file(learned, held_out) or _same_pixels(model.manifest, dataset, held_out):
        raise UserError(f"{model.model.name} was trained on {name} of {there}; {way_out}.")
    if group := _same_specimen(learned, held_out):
        raise UserError(
            f"{model.model.name} was trained on other images of specimen {group!r} of {there}; {way_out}. If these are "
            "two specimens of the same name, prepare one dataset again with a ",
            FieldRef("group_by"),
            " that tells them apart.",
        )


def _same_file(learned: Sequence[Entry], held_out: Sequence[Entry]) -> str | None:
    names = {entry.array("image").sha256: entry.name for entry in held_out}
    return next((names[file] for entry in learned if (file := entry.array("image").sha256) in names), None)


def _same_specimen(learned: Sequence[Entry], held_out: Sequence[Entry]) -> str | None:
    known = {name for entry in learned for name in _specimens(entry)}
    tested = (name for entry in held_out for name in _specimens(entry))
    return next((name for name in tested if name in known and not name.isdigit()), None)


def _specimens(entry: Entry) -> tuple[str, ...]:
    """Return the group of an entry, and that of its name if the group was joined to another one."""
    return (entry.group,) if entry.group_by_name is None else (entry.group, entry.group_by_name)


def _same_pixels(manifest: Manifest, dataset: Dataset, held_out: Sequence[Entry]) -> str | None:
    """Compare pixels where the training dataset still exists; within one dataset, preparation has refused copies."""
    if digest_of(manifest) == dataset.digest:
        return None
    try:
        trained_on = find_dataset(manifest.name)
    except UserError:
        return None
    if trained_on.digest != digest_of(manifest):
        return None
    sizes = {entry.array("image").shape for entry in held_out}
    learned = [entry for entry in trained_on.entries("train") if entry.array("image").shape in sizes]
    known = {_pixels(trained_on, entry) for entry in learned}
    return next((entry.name for entry in held_out if known and _pixels(dataset, entry) in known), None)


def _pixels(dataset: Dataset, entry: Entry) -> _Pixels:
    array = dataset.array(entry, "image")
    return array.shape, str(array.dtype), hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()

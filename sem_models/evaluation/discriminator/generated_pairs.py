"""Outputs of a model for whole images, paired with the real images that they should look like."""

from collections.abc import Callable, Sequence

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.grey_levels import unit_output
from sem_models.evaluation.scorer import Case
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent


def reference_pairs(
    model: UnitModel,
    dataset: Dataset,
    splits: Sequence[Split],
    training_images: bool,
    case_of: Callable[[Entry], Case],
    progress: Progress = silent,
) -> list[Pair]:
    """Apply a model to whole images as an evaluation does, and pair each output with the real image of its field.

    Several channels are averaged; `case_of` gives the input of an entry and its real image.
    """
    predictor = Predictor(model)
    wanted: tuple[Split, ...] = (*splits, "train") if training_images and "train" not in splits else tuple(splits)
    entries = [entry for split in dict.fromkeys(wanted) for entry in dataset.entries(split)]
    pairs = []
    for index, entry in enumerate(entries):
        case = case_of(entry)
        output = unit_output(predictor, case.input, case.limits)
        pairs.append(Pair(case.target.mean(0), output.mean(0), entry.name, entry.group, entry.split in splits))
        progress(index + 1, len(entries), "images generated")
    return pairs

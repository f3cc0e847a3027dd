"""What a model makes of whole images, beside the real ones that its outputs should look like."""

from collections.abc import Sequence

from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Split
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.unpaired_pairs import unpaired_pairs
from sem_models.evaluation.evaluate import cases_for
from sem_models.inference.label_maps import label_recipe
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent


def generated_pairs(
    model: UnitModel,
    dataset: Dataset,
    splits: Sequence[Split],
    training_images: bool,
    degradation: Degradation,
    progress: Progress = silent,
) -> list[Pair]:
    """Apply a model to whole images as an evaluation does; of several channels the mean is judged.

    In unpaired datasets each output is set beside a real image of the other domain.

    Raises:
        UserError: The dataset has no real image to compare an output with, or scales do not agree.
    """
    if dataset.manifest.kind == "unpaired" and label_recipe(model) is None:
        return unpaired_pairs(model, dataset, splits, training_images, progress)
    case_of, predictor = cases_for(model, dataset, degradation), Predictor(model)
    wanted: tuple[Split, ...] = (*splits, "train") if training_images and "train" not in splits else tuple(splits)
    entries = [entry for split in dict.fromkeys(wanted) for entry in dataset.entries(split)]
    pairs = []
    for index, entry in enumerate(entries):
        case = case_of(entry)
        output = predictor.predict_unit(case.input)
        pairs.append(Pair(case.target.mean(0), output.mean(0), entry.name, entry.group, entry.split in splits))
        progress(index + 1, len(entries), "images generated")
    return pairs

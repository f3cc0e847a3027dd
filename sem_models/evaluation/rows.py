"""The rows of an evaluation: every method on every image."""

from collections.abc import Callable, Sequence

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.report import Row
from sem_models.evaluation.scorer import Case, Image, Scores
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress


def score_rows(
    methods: Sequence[UnitModel],
    dataset: Dataset,
    split: Split,
    case_of: Callable[[Entry], Case],
    scores_of: Callable[[Image, Entry, Case], Scores],
    known: Sequence[Row],
    progress: Progress,
) -> tuple[Row, ...]:
    """One row an image and method, image by image; rows that are `known` are not computed again.

    Raises:
        UserError: The split is empty.
    """
    entries = dataset.entries(split)
    if not entries:
        raise UserError(f"Dataset {dataset.manifest.name!r} has no image in its {split} split.")
    predictors = {method.name: Predictor(method) for method in methods}
    found = {(row.method, row.image): row for row in known}
    rows: list[Row] = []
    for index, entry in enumerate(entries):
        case = case_of(entry)
        for name, predictor in predictors.items():
            row = found.get((name, entry.name))
            if row is None:
                scores = scores_of(predictor.predict_unit(case.input), entry, case)
                row = Row(method=name, image=entry.name, group=entry.group, scores=scores)
            rows.append(row)
        progress(index + 1, len(entries), "images scored")
    return tuple(rows)

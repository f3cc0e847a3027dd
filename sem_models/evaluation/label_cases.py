"""Scoring models of label maps: a segmentation against the mask, a synthetic micrograph against the real one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sem_models.config.degradation import Degradation
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.baselines.label_maps import class_means, majority
from sem_models.evaluation.metrics.segmentation import segmentation_scores
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.rows import score_rows
from sem_models.evaluation.scorer import DATA_RANGE, Case, Image, Scorer, Scores
from sem_models.inference.model import UnitModel
from sem_models.progress import Progress

MakeCase = Callable[[Dataset, Entry, Degradation, int], Case]


@dataclass(frozen=True)
class LabelTask:
    """What an evaluation must know of a task on label maps."""

    recipe: Recipe
    dataset: Dataset
    degradation: Degradation
    """Of the images that a segmentation is given."""
    make_case: MakeCase

    def __post_init__(self) -> None:
        """Raises a `UserError` where the classes are not those of the model."""
        known, name = self.dataset.manifest.label_values, self.dataset.manifest.name
        if self.dataset.manifest.kind != "masked" or known != self.recipe.labels:
            raise UserError(
                f"The model knows masks of the labels {self.recipe.labels}, but {name!r} has {known or 'none'}; "
                "score on a masked dataset of the same labels."
            )

    @property
    def baseline(self) -> UnitModel:
        """What knows the training split and nothing else."""
        return majority(self.dataset) if self.recipe.task == "segmentation" else class_means(self.dataset)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which class is which."""
        named = ", ".join(f"class {index} is label {value}" for index, value in enumerate(self.recipe.labels))
        if self.recipe.task == "segmentation":
            return (f"Of the classes, {named}; dice and iou are means over them.",)
        return (
            f"The input is the mask: {named}. PSNR and SSIM ask for the one texture of the real image, which no mask "
            "tells; contrast and histogram say whether grey levels are those of a real image.",
        )

    @property
    def inputs(self) -> str:
        """Where they come from, for telling whether two tables can be compared."""
        segmented = self.recipe.task == "segmentation"
        return self.degradation.model_dump_json(exclude_none=True) if segmented else "masks"

    def case(self, entry: Entry) -> Case:
        """The image as segmentation is given it, or the mask (K, H, W) that a micrograph is drawn from."""
        case = self.make_case(self.dataset, entry, self.degradation, 1)
        if self.recipe.task == "segmentation":
            return case
        return Case(self.dataset.one_hot(entry), case.target, 1, None, case.pixel_size_nm)

    def scores(self, output: Image, entry: Entry, case: Case, scorer: Scorer) -> Scores:
        """Of (K, H, W) logits or of a (1, H, W) image."""
        if self.recipe.task == "segmentation":
            classes, count = output.argmax(0), len(self.recipe.labels)
            return finite(segmentation_scores(classes, self._mask(entry), count))
        return scorer(output, case)

    def _mask(self, entry: Entry) -> NDArray[np.uint8]:
        mask: NDArray[np.uint8] = self.dataset.array(entry, "mask")[..., 0]
        return mask


def evaluate_labels(task: LabelTask, model: UnitModel, split: Split, progress: Progress) -> EvaluationReport:
    """Scores of `model` and of the baseline of its task on whole images of a split."""
    scorer, methods = Scorer(), (model, task.baseline)
    rows = score_rows(
        methods,
        task.dataset,
        split,
        task.case,
        lambda output, entry, case: task.scores(output, entry, case, scorer),
        (),
        progress,
    )
    return EvaluationReport(
        model=model.name,
        dataset=task.dataset.manifest.name,
        digest=task.dataset.digest,
        split=split,
        degradation=task.inputs,
        data_range=DATA_RANGE,
        border_px=0 if task.recipe.task == "segmentation" else 1,
        rows=rows,
        notes=(*scorer.notes, *task.notes),
    )


def finite(scores: dict[str, float]) -> Scores:
    """None in place of NaN."""
    return {name: value if np.isfinite(value) else None for name, value in scores.items()}

"""What a task scores on a dataset: its cases, its scores, its baselines, and what a reader must know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.grey_levels import unit_output
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.scorer import DATA_RANGE, Case, Scores
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent


class OutputScorer(Protocol):
    """Scores outputs; remembers why a score is missing."""

    @property
    def notes(self) -> Sequence[str]:
        """Why scores are missing, so far."""

    def __call__(self, whole: UnitImage, case: Case) -> Scores:
        """Scores of a (C, H, W) output by name."""


@dataclass(frozen=True)
class Benchmark:
    """Made anew for each evaluation: the scorer takes notes."""

    dataset: Dataset
    case_of: Callable[[Entry], Case]
    """What a model is given of an entry and what it should give; a `UserError` where scales do not agree."""
    scorer: OutputScorer
    baselines: Sequence[UnitModel]
    inputs: str
    """Where inputs come from, for telling whether two tables can be compared."""
    border_px: int
    """Pixels that the scorer leaves out at each edge of an output."""
    notes: tuple[str, ...] = ()
    gives_images: bool = True
    """Whether outputs are micrographs, which can be shown and judged beside real ones."""

    def evaluate(
        self, model: UnitModel, split: Split, progress: Progress = silent, known: Sequence[Row] = ()
    ) -> EvaluationReport:
        """Per-image scores of `model` and the baselines on whole images of a split.

        Args:
            model: On the device that the predictor chooses.
            split: Usually `test`.
            progress: Told after each image.
            known: Rows of baselines from an earlier evaluation on the same images; they are not computed again.

        Raises:
            UserError: The split is empty, or scales do not agree.
        """
        methods = [model, *(baseline for baseline in self.baselines if baseline.name != model.name)]
        rows = self._rows(methods, split, [row for row in known if row.method != model.name], progress)
        return EvaluationReport(
            model=model.name,
            dataset=self.dataset.manifest.name,
            digest=self.dataset.digest,
            split=split,
            degradation=self.inputs,
            data_range=DATA_RANGE,
            border_px=self.border_px,
            rows=rows,
            notes=(*self.scorer.notes, *self.notes),
        )

    def _rows(
        self, methods: Sequence[UnitModel], split: Split, known: Sequence[Row], progress: Progress
    ) -> tuple[Row, ...]:
        """One row an image and method, image by image."""
        entries = self.dataset.entries(split)
        if not entries:
            raise UserError(f"Dataset {self.dataset.manifest.name!r} has no image in its {split} split.")
        predictors = {method.name: Predictor(method) for method in methods}
        found = {(row.method, row.image): row for row in known}
        rows: list[Row] = []
        for index, entry in enumerate(entries):
            case = self.case_of(entry)
            for name, predictor in predictors.items():
                row = found.get((name, entry.name))
                if row is None:
                    scores = self.scorer(unit_output(predictor, case.input, case.limits), case)
                    row = Row(method=name, image=entry.name, group=entry.group, scores=scores)
                rows.append(row)
            progress(index + 1, len(entries), "images scored")
        return tuple(rows)

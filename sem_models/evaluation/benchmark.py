"""How a model is scored on a dataset: the cases, the scores, the baselines, and what a reader must know."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sem_models.config.backend import BackendChoice
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.evaluation.grey_levels import unit_output
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.scorer import DATA_RANGE, Case, Scores
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel, recipe_of
from sem_models.inference.predictor import Predictor, device_name
from sem_models.networks.table import parameter_count
from sem_models.progress import Progress, silent


class OutputScorer(Protocol):
    """Scores outputs and notes why scores are missing."""

    @property
    def notes(self) -> Sequence[str]:
        """Why scores have been missing so far."""

    def __call__(self, whole: UnitImage, case: Case) -> Scores:
        """Return the scores of a (C, H, W) output by name."""


@dataclass(frozen=True)
class Benchmark:
    """Everything that an evaluation needs; build a new one for each evaluation, because the scorer takes notes."""

    dataset: Dataset
    case_of: Callable[[Entry], Case]
    """Makes the input of a model and its target from an entry; raises a `UserError` if scales do not agree."""
    scorer: OutputScorer
    baselines: Sequence[UnitModel]
    inputs: str
    """Where inputs come from, so that a reader knows whether two tables can be compared."""
    border_px: int
    """Pixels that the scorer ignores at each edge of an output."""
    notes: tuple[str, ...] = ()
    gives_images: bool = True
    """Whether outputs are micrographs, which can be compared with real ones by eye or by a classifier."""

    def evaluate(
        self,
        model: UnitModel,
        split: Split,
        progress: Progress = silent,
        known: Sequence[Row] = (),
        backend: BackendChoice = "auto",
    ) -> EvaluationReport:
        """Score `model` and the baselines on whole images of a split, image by image.

        Args:
            model: On the device that the predictor chooses.
            split: Usually `test`.
            progress: Called after each image.
            known: Rows of baselines from an earlier evaluation on the same images; they are not computed again.
            backend: What computes the networks, as for `Predictor`.

        Raises:
            UserError: The split is empty, or scales do not agree.
        """
        methods = [model, *(baseline for baseline in self.baselines if baseline.name != model.name)]
        predictors = {method.name: Predictor(method, backend=backend) for method in methods}
        rows = self._rows(predictors, split, [row for row in known if row.method != model.name], progress)
        return EvaluationReport(
            model=model.name,
            dataset=self.dataset.manifest.name,
            digest=self.dataset.digest,
            split=split,
            degradation=self.inputs,
            data_range=DATA_RANGE,
            border_px=self.border_px,
            parameters=_parameters(model),
            device=device_name(),
            rows=rows,
            notes=(*self.scorer.notes, *self.notes, *_computed_by(predictors)),
        )

    def _rows(
        self, predictors: Mapping[str, Predictor], split: Split, known: Sequence[Row], progress: Progress
    ) -> tuple[Row, ...]:
        """Return one row for each image and method, image by image."""
        entries = self.dataset.entries(split)
        if not entries:
            raise UserError(f"Dataset {self.dataset.manifest.name!r} has no image in its {split} split.")
        found = {(row.method, row.image): row for row in known}
        rows: list[Row] = []
        for index, entry in enumerate(entries):
            case = self.case_of(entry)
            for name, predictor in predictors.items():
                row = found.get((name, entry.name))
                if row is None:
                    output, s_per_mp = _timed_output(predictor, case)
                    scores = self.scorer(output, case)
                    row = Row(method=name, image=entry.name, group=entry.group, scores=scores, s_per_mp=s_per_mp)
                rows.append(row)
            progress(index + 1, len(entries), "images scored")
        return tuple(rows)


def _timed_output(predictor: Predictor, case: Case) -> tuple[UnitImage, float]:
    """Return the output for a case, and the seconds that each of its megapixels took."""
    start = time.perf_counter()
    output = unit_output(predictor, case.input, case.limits)
    seconds = time.perf_counter() - start
    return output, seconds / (output.shape[1] * output.shape[2] / 1e6)


def _parameters(model: UnitModel) -> int | None:
    """Count the parameters of a network; a stored graph has none that could be counted."""
    recipe = recipe_of(model)
    return (parameter_count(recipe.network) or None) if recipe else 0


def _computed_by(predictors: Mapping[str, Predictor]) -> list[str]:
    """Say which networks were computed by another program than PyTorch."""
    return [
        f"{name} was computed by {backend}." for name, one in predictors.items() for backend in sorted(one.backends)
    ]

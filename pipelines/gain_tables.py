"""Gains over floors as rows for people, held to the same standard as models against one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from pipelines.paired_tables import Row, text_rows
from sem_models.evaluation.cautions import cautions
from sem_models.evaluation.paired import against_floors
from sem_models.evaluation.report import EvaluationReport

GAIN_CAPTION = (
    "Difference: model minus floor, image by image. Better or worse is said only where the interval leaves out 0 and "
    "the signed-rank p, Holm-corrected over the comparisons of each metric, is at most 0.05."
)


@dataclass(frozen=True)
class Gains:
    """A table, and what a reader must know before believing it."""

    rows: list[Row]
    cautions: tuple[str, ...]


def gains(named: Sequence[tuple[str, EvaluationReport]], floors: Sequence[str], metrics: Sequence[str]) -> Gains:
    """Each model against each floor, metric by metric.

    Columns name what tells the rows apart: the model unless its label is empty, the floor unless all have the same.
    """
    reports = [report for _, report in named]
    names = [_names(label, floor, len(floors)) for (label, _), floor in product(named, floors)]
    pairs = [
        (name, paired)
        for metric in metrics
        for name, paired in zip(names, against_floors(reports, floors, metric), strict=True)
    ]
    said = cautions([paired for _, paired in pairs], len(names)) if pairs else ()
    return Gains(text_rows(pairs), said)


def _names(label: str, floor: str, floors: int) -> Row:
    model = {"model": label} if label else {}
    return model | ({"floor": floor.removeprefix("floor:")} if floors > 1 or not label else {})

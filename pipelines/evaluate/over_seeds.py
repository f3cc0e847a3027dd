"""Use case: methods that were trained with several seeds, compared over seeds and specimens.

Runs whose parameters differ in `train.seed` alone are one method.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np

from pipelines.evaluate.compare import Column, Comparison, label
from pipelines.evaluate.tables import decimals, interval_text, quantity
from sem_models.evaluation.paired import direction, scores_by_image
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics.intervals import Interval, seeds_interval

_SEED = "train.seed"
FEWEST_SEEDS = 3
"""A claim that one method beats another rests on this many seeds of both."""
SEEDS_CAPTION = (
    "Runs that differ in their seed alone are one method. Difference: mean over seeds and images of the method minus "
    "that of the reference, with its 95 % interval over seeds and specimens. Better or worse is said only where the "
    f"interval excludes 0 and each trained method has at least {FEWEST_SEEDS} seeds."
)


@dataclass(frozen=True)
class SeededMethod:
    """One method and the evaluations of its seeds; a baseline has one, which no seed changes."""

    name: str
    reports: tuple[EvaluationReport, ...]
    is_trained: bool = True

    @property
    def seeds_suffice(self) -> bool:
        """Whether a claim may rest on them."""
        return not self.is_trained or len(self.reports) >= FEWEST_SEEDS


@dataclass(frozen=True)
class SeedDifference:
    """Method minus reference by one metric."""

    metric: str
    method: SeededMethod
    reference: SeededMethod
    interval: Interval

    @property
    def verdict(self) -> Literal["better", "worse", "no difference shown", "too few seeds"]:
        """Verdict on the method."""
        if not (self.method.seeds_suffice and self.reference.seeds_suffice):
            return "too few seeds"
        lo, hi = sorted(direction(self.metric) * limit for limit in (self.interval.lo, self.interval.hi))
        return "better" if lo > 0 else "worse" if hi < 0 else "no difference shown"


def compare_methods(comparison: Comparison, metrics: Sequence[str]) -> tuple[SeedDifference, ...]:
    """Compare each method with every one that follows it in the comparison, and with the baselines.

    Returns:
        Metric by metric; empty where no method has more than one seed.
    """
    methods = _methods(comparison.columns)
    if all(len(method.reports) == 1 for method in methods):
        return ()
    report = comparison.columns[0].report
    baselines = [
        SeededMethod(name, (report.model_copy(update={"model": name}),), is_trained=False)
        for name in comparison.baselines
    ]
    pairs = [
        (method, reference) for index, method in enumerate(methods) for reference in [*methods[index + 1 :], *baselines]
    ]
    return tuple(_difference(metric, *pair) for metric in metrics for pair in pairs)


def seed_rows(differences: Sequence[SeedDifference]) -> list[dict[str, Any]]:
    """Return one row for each difference, as text; digits as the narrowest interval of its metric."""
    rows = []
    for metric, grouped in groupby(differences, lambda difference: difference.metric):
        found = list(grouped)
        digits = decimals([difference.interval for difference in found])
        rows += [
            {
                "metric": quantity(metric), "method": one.method.name, "reference": one.reference.name,
                "difference [95 % interval]": interval_text(one.interval, digits), "verdict": one.verdict,
                "seeds": len(one.method.reports),
                "seeds of reference": str(len(one.reference.reports)) if one.reference.is_trained else "none",
            }
            for one in found
        ]  # fmt: skip
    return rows


def seed_values(differences: Sequence[SeedDifference]) -> list[dict[str, Any]]:
    """Return the same as plain values for JSON."""
    return [
        {
            "metric": one.metric, "method": one.method.name, "reference": one.reference.name,
            "mean_difference": one.interval.mean, "lo": one.interval.lo, "hi": one.interval.hi,
            "images": one.interval.n, "seeds": len(one.method.reports),
            "reference_seeds": len(one.reference.reports) if one.reference.is_trained else None,
            "verdict": one.verdict,
        }
        for one in differences
    ]  # fmt: skip


def by_method(columns: Sequence[Column]) -> list[list[Column]]:
    """Put together the runs that differ in their seed alone."""
    together: dict[Any, list[Column]] = {}
    for column in columns:
        settings = frozenset((key, value) for key, value in column.run.params.items() if key != _SEED)
        together.setdefault((settings, column.direction, column.run.name), []).append(column)
    return list(together.values())


def _methods(columns: Sequence[Column]) -> list[SeededMethod]:
    methods = by_method(columns)
    names = [of_method[0].run.name for of_method in methods]
    return [
        SeededMethod(_name(of_method[0], names), tuple(column.report for column in of_method)) for of_method in methods
    ]


def _name(column: Column, names: Sequence[str]) -> str:
    """Return the run's name, with an id where two methods share one."""
    return column.run.name if names.count(column.run.name) == 1 else label(column.run, column.direction)


def _difference(metric: str, method: SeededMethod, reference: SeededMethod) -> SeedDifference:
    groups = {row.image: row.group for row in method.reports[0].rows}
    ours, theirs = (
        np.array([[by_image.get(image, np.nan) for image in groups] for by_image in scores])
        for scores in ([scores_by_image(report, metric) for report in one.reports] for one in (method, reference))
    )
    return SeedDifference(metric, method, reference, seeds_interval(ours, theirs, list(groups.values())))

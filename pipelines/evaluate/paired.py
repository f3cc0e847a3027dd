"""Use case: compare every model with one reference, image by image."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.evaluate.compare import Column, Comparison, leading_metric
from sem_models.errors import UserError
from sem_models.evaluation.caveats import caveats
from sem_models.evaluation.paired import Paired, Rank, compare_to, mean_goodness, ranks


@dataclass(frozen=True)
class Pairing:
    """One model compared with the reference."""

    column: Column
    by_metric: Mapping[str, Paired]


@dataclass(frozen=True)
class PairedComparison:
    """The other models compared with the reference, and how all of them rank."""

    reference: Column
    metric: str
    """The chosen one: it picks the default reference and orders the models."""
    metrics: tuple[str, ...]
    pairings: tuple[Pairing, ...]
    """The best first; empty where there is only the reference."""
    standing: tuple[tuple[Column, Mapping[str, Rank]], ...]
    """All models, the best mean rank first."""
    caveats: tuple[str, ...]


def compare_pairs(comparison: Comparison, metric: str | None = None, reference: str | None = None) -> PairedComparison:
    """Compare with the reference by every metric; p values are Holm-corrected over the models, metric by metric.

    Args:
        comparison: Runs of one setting.
        metric: Metric by which the best is the default reference; PSNR where None.
        reference: Id of a run of the comparison, or its beginning; None: the best.

    Raises:
        UserError: The comparison has no such metric or run.
    """
    metric = metric or leading_metric(comparison.metrics)
    if metric not in comparison.metrics:
        raise UserError(f"No metric {metric!r} in this comparison: use one of {', '.join(comparison.metrics)}.")
    ordered = sorted(comparison.columns, key=lambda column: -mean_goodness(column.report, metric))
    base = _find(ordered, reference) if reference else ordered[0]
    pairings = _pairings(base, [column for column in ordered if column is not base], comparison.metrics)
    said = _caveats(pairings, chosen_here=reference is None)
    return PairedComparison(base, metric, comparison.metrics, pairings, _standing(ordered, comparison, metric), said)


def _find(columns: list[Column], reference: str) -> Column:
    found = [column for column in columns if column.model.startswith(reference)]
    if len(found) != 1:
        known = ", ".join(column.run.run_id[:8] for column in columns)
        raise UserError(f"Reference {reference!r} is not one of the compared runs; use one of {known}.")
    return found[0]


def _pairings(base: Column, others: list[Column], metrics: tuple[str, ...]) -> tuple[Pairing, ...]:
    reports = [column.report for column in others]
    tables = {metric: compare_to(base.report, reports, metric) for metric in metrics}
    return tuple(
        Pairing(column, {metric: table[index] for metric, table in tables.items()})
        for index, column in enumerate(others)
    )


def _caveats(pairings: tuple[Pairing, ...], chosen_here: bool) -> tuple[str, ...]:
    if not pairings:
        return ("No other model was evaluated on the same images in the same way: there is nothing to compare.",)
    said = caveats([paired for pairing in pairings for paired in pairing.by_metric.values()], len(pairings))
    flattered = (
        "The reference is the best by these same scores, which flatters its lead: to test it, name it beforehand."
    )
    return (*said, flattered) if chosen_here else said


def _standing(
    columns: list[Column], comparison: Comparison, metric: str
) -> tuple[tuple[Column, Mapping[str, Rank]], ...]:
    reports = [column.report for column in columns]
    tables = {name: ranks(reports, name) for name in comparison.metrics}
    rows = [(column, {name: table[i] for name, table in tables.items()}) for i, column in enumerate(columns)]
    return tuple(sorted(rows, key=lambda row: row[1][metric].mean))

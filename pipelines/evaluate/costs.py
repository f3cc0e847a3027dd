"""What the quality of each method costs: the size of its network and the time that its outputs take."""

from dataclasses import dataclass

from pipelines.evaluate.compare import Comparison
from sem_models.evaluation.statistics.intervals import Interval


@dataclass(frozen=True)
class MethodCost:
    """One method: what it reaches by a metric, and what it costs."""

    method: str
    """`Column.model`, or the name of a baseline."""
    score: Interval
    parameters: int | None
    """0 for a baseline; None in evaluations of earlier versions."""
    s_per_mp: float | None
    """Seconds for each megapixel of output; None in evaluations of earlier versions."""
    device: str
    """What it was measured on."""


def method_costs(comparison: Comparison, metric: str) -> list[MethodCost]:
    """Return the cost of each model, the best first, and of each baseline that all reports share.

    Baselines are timed where they were computed; a report may have taken their scores from an earlier one.
    """
    found = [
        MethodCost(
            column.model, column.report.mean(column.report.model, metric), column.report.parameters,
            column.report.s_per_mp(column.report.model), column.report.device,
        )
        for column in comparison.columns
    ]  # fmt: skip
    for name in comparison.baselines:
        timed = [column.report for column in comparison.columns if column.report.s_per_mp(name) is not None]
        report = timed[0] if timed else comparison.columns[0].report
        found.append(MethodCost(name, report.mean(name, metric), 0, report.s_per_mp(name), report.device))
    return found


def devices(costs: list[MethodCost]) -> list[str]:
    """List what the times were measured on; times on different devices cannot be compared."""
    return list(dict.fromkeys(cost.device for cost in costs if cost.s_per_mp is not None and cost.device))

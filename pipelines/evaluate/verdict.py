"""What a comparison says, in one sentence: the best model against what learns nothing, and against the next method."""

from dataclasses import replace

from pipelines.evaluate.compare import Column, Comparison
from pipelines.evaluate.labels import short_names
from pipelines.evaluate.over_seeds import by_method
from pipelines.evaluate.paired import compare_pairs
from pipelines.evaluate.tables import decimals, effect_text, interval_text, mean_text, quantity
from sem_models.evaluation.paired import Paired, against_baselines, mean_goodness
from sem_models.evaluation.statistics.intervals import Interval

_OVER = {"better": "better than", "worse": "worse than", "no difference shown": "not shown to differ from"}


def verdict(comparison: Comparison, metric: str) -> str:
    """Say which model has the best mean by a metric, and what that is worth.

    Where a baseline has a better one, the sentence says that the model is the best of the models only. The words follow
    the tests of the tables: `better` needs an interval that excludes 0 and a corrected p of at most 0.05. Seeds of the
    best method are not its rivals.
    """
    best = max(comparison.columns, key=lambda column: mean_goodness(column.report, metric))
    names = short_names(comparison)
    mean = mean_text(best.report, best.report.model, metric)
    among, parts = "", []
    if comparison.baselines:
        baseline, paired = _strongest_baseline(best, comparison, metric)
        among = " of the models" if _goodness(comparison, baseline, metric) > mean_goodness(best.report, metric) else ""
        parts.append(_said(paired, baseline.removeprefix("baseline:")))
    if rival := _rival(comparison, best, metric):
        column, paired = rival
        parts.append(_said(paired, names[column.model]))
    parts.insert(0, f"By {quantity(metric)}, **{names[best.model]}** has the best mean{among}, {mean}")
    return f"{'; '.join(parts)}."


def strongest_baseline(comparison: Comparison, metric: str) -> str | None:
    """Return the baseline with the best mean by a metric; None if the reports share none."""
    return max(comparison.baselines, key=lambda name: _goodness(comparison, name, metric), default=None)


def _goodness(comparison: Comparison, baseline: str, metric: str) -> float:
    return mean_goodness(comparison.columns[0].report.model_copy(update={"model": baseline}), metric)


def _strongest_baseline(best: Column, comparison: Comparison, metric: str) -> tuple[str, Paired]:
    """Compare with the strongest baseline; p is corrected over all of them, because the strongest was picked."""
    baselines = list(comparison.baselines)
    pairs = dict(zip(baselines, against_baselines([best.report], baselines, metric), strict=True))
    name = strongest_baseline(comparison, metric) or baselines[0]
    return name, pairs[name]


def _rival(comparison: Comparison, best: Column, metric: str) -> tuple[Column, Paired] | None:
    """Return the next method, and what the best one is against it."""
    seeds = next(columns for columns in by_method(comparison.columns) if best in columns)
    against = compare_pairs(replace(comparison, metrics=(metric,)), metric)
    others = [pairing for pairing in against.pairings if pairing.column not in seeds]
    if not others:
        return None
    # The pair is that of the table, in which the best is the reference.
    return others[0].column, _turned(others[0].by_metric[metric])


def _turned(paired: Paired) -> Paired:
    """Return the same comparison with the other one as the reference."""
    interval = paired.interval
    return Paired(
        metric=paired.metric,
        differences=tuple(type(one)(one.image, one.group, -one.value) for one in paired.differences),
        interval=Interval(-interval.mean, -interval.hi, -interval.lo, interval.n),
        p=paired.p,
        p_holm=paired.p_holm,
    )


def _said(paired: Paired, other: str) -> str:
    interval = paired.interval
    if not interval.n:
        return f"it has no image in common with {other}"
    effect = effect_text(paired.effect_size)
    details = [
        interval_text(interval, decimals([interval])),
        f"effect size {effect}" if effect else "",
        f"better on {paired.better_on} of {interval.n} images",
    ]
    return f"{_OVER[paired.verdict]} {other} ({', '.join(filter(None, details))})"

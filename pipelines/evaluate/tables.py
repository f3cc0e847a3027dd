"""Paired comparisons as rows for people, as plain values, and as CSV."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from pipelines.evaluate.compare import Column
from pipelines.evaluate.paired import PairedComparison
from pipelines.json_safe import to_json_safe
from sem_models.evaluation.caveats import caveats
from sem_models.evaluation.metrics.table import LABELS, METRICS
from sem_models.evaluation.paired import Paired, Rank, against_baselines, unit
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics.intervals import Interval
from sem_models.spreadsheets import as_cell

CAPTION = (
    "Difference: model minus reference, the mean over images with its 95 % interval over specimens (groups). p: "
    "two-sided Wilcoxon signed-rank test over specimens, which cannot fall below 2/2^n with n of them. Holm corrects p "
    "over all comparisons by one metric in this table. Better or worse: the interval excludes 0 and p (Holm) is at "
    "most 0.05. Effect size d (Cohen): mean over specimens of the difference, divided by its standard deviation."
)
Row = dict[str, Any]


def quantity(metric: str) -> str:
    """Return name and unit of a difference: `PSNR (dB)`, `MSE, data range²`, `Dice`."""
    row, measure = METRICS[metric], unit(metric)
    has_none = not (row.unit or row.in_between)
    return row.label if has_none or f"({measure})" in row.label else f"{row.label}, {measure}"


def difference_rows(comparison: PairedComparison) -> list[Row]:
    """Tabulate one row per metric and model, as text."""
    return text_rows([({"model": column.label}, paired) for column, paired in _pairs(comparison)])


def text_rows(pairs: Sequence[tuple[Row, Paired]]) -> list[Row]:
    """Tabulate one row per pair, named after the metric; digits as the narrowest interval of its metric needs."""
    intervals: dict[str, list[Interval]] = {}
    for _, paired in pairs:
        intervals.setdefault(paired.metric, []).append(paired.interval)
    digits = {metric: decimals(of_metric) for metric, of_metric in intervals.items()}
    return [_as_text(names, paired, digits[paired.metric]) for names, paired in pairs]


def _pairs(comparison: PairedComparison) -> Iterator[tuple[Column, Paired]]:
    """Go metric by metric, because each is a family of tests; the chosen one first."""
    for metric in sorted(comparison.metrics, key=lambda name: name != comparison.metric):
        yield from ((pairing.column, pairing.by_metric[metric]) for pairing in comparison.pairings)


def _as_text(names: Row, paired: Paired, digits: int) -> Row:
    interval = paired.interval
    return {
        "metric": quantity(paired.metric), **names,
        "difference [95 % interval]": interval_text(interval, digits), "verdict": paired.verdict,
        "effect size d": effect_text(paired.effect_size),
        "p": f"{paired.p:.3g}", "p (Holm)": f"{paired.p_holm:.3g}", "images": interval.n, "groups": paired.groups,
    }  # fmt: skip


def interval_text(interval: Interval, digits: int) -> str:
    """Return `+0.90 [+0.75, +1.02]`, or `+0.90 [no interval]` where too few specimens give none."""
    limits = "no interval" if math.isnan(interval.lo) else f"{interval.lo:+.{digits}f}, {interval.hi:+.{digits}f}"
    return f"{interval.mean:+.{digits}f} [{limits}]"


def effect_text(effect_size: float) -> str:
    """Return `+1.35`, or nothing where it is not defined."""
    return f"{effect_size:+.2f}" if math.isfinite(effect_size) else ""


def decimals(intervals: Sequence[Interval]) -> int:
    """Count the decimals that show two digits of half the narrowest interval."""
    halves = [((interval.hi - interval.lo) / 2, abs(interval.mean)) for interval in intervals]
    needed = [1 + math.ceil(-math.log10(half)) for half, mean in halves if half > 1e-6 * mean]
    return min(8, max(0, *needed)) if needed else 4


def mean_text(report: EvaluationReport, method: str, metric: str) -> str:
    """Return `30.12 [29.80, 30.41]`, or the mean alone where too few specimens give no interval.

    `≤ 2.00` stands for a mean of which some images are upper bounds (`EvaluationReport.at_nyquist`).
    """
    score = report.mean(method, metric)
    bound = "≤ " if report.at_nyquist(method, metric) else ""
    digits = decimals_of(metric)
    interval = f" [{score.lo:.{digits}f}, {score.hi:.{digits}f}]" if math.isfinite(score.lo) else f" (n = {score.n})"
    return f"{bound}{score.mean:.{digits}f}{interval}"


def decimals_of(metric: str) -> int:
    """Return how many decimals a mean of a score is written with."""
    return 2 if metric.endswith(("_db", "_px", "_nm")) else 4


def rank_rows(comparison: PairedComparison) -> list[Row]:
    """Tabulate one row per model: mean rank over images, and on how many of them it is the best."""
    return [
        {"model": column.label, **{LABELS[metric]: _rank_text(by_metric[metric]) for metric in comparison.metrics}}
        for column, by_metric in comparison.standing
    ]


def _rank_text(rank: Rank) -> str:
    return f"{rank.mean:.2f} (best on {rank.first} of {rank.images})"


def json_content(comparison: PairedComparison) -> Row:
    """Return everything as plain values for JSON."""
    content: Row = to_json_safe(
        {
            "reference": comparison.reference.run.run_id,
            "metric": comparison.metric,
            "differences": _difference_values(comparison),
            "ranks": _rank_values(comparison),
            "cautions": list(comparison.caveats),
        }
    )
    return content


def csv_files(comparison: PairedComparison) -> dict[str, str]:
    """Return name and content of each file: differences, differences image by image, ranks."""
    return {
        "paired.csv": _csv(_difference_values(comparison)),
        "paired_per_image.csv": _csv(_image_values(comparison)),
        "ranks.csv": _csv(_rank_values(comparison)),
    }


def _difference_values(comparison: PairedComparison) -> list[Row]:
    base = comparison.reference
    return [
        {
            "reference_id": base.model, "reference": base.run.name, "run_id": column.model, "model": column.run.name,
            "metric": paired.metric, "unit": unit(paired.metric), "mean_difference": paired.interval.mean,
            "lo": paired.interval.lo, "hi": paired.interval.hi,
            "images": paired.interval.n, "groups": paired.groups, "p": paired.p, "p_holm": paired.p_holm,
            "effect_size_d": paired.effect_size, "verdict": paired.verdict,
        }
        for column, paired in _pairs(comparison)
    ]  # fmt: skip


def _image_values(comparison: PairedComparison) -> list[Row]:
    return [
        {
            "run_id": column.model, "model": column.run.name, "metric": paired.metric, "unit": unit(paired.metric),
            "image": difference.image, "group": difference.group, "difference": difference.value,
        }
        for column, paired in _pairs(comparison)
        for difference in paired.differences
    ]  # fmt: skip


def _rank_values(comparison: PairedComparison) -> list[Row]:
    return [
        {
            "run_id": column.model, "model": column.run.name, "metric": metric, "mean_rank": rank.mean,
            "best_on": rank.first, "images": rank.images,
        }
        for column, by_metric in comparison.standing
        for metric, rank in by_metric.items()
    ]  # fmt: skip


def _csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    # None leaves a cell empty, which is clearer than NaN.
    writer.writerows({key: as_cell(value) for key, value in row.items()} for row in to_json_safe(rows))
    return text.getvalue()


GAIN_CAPTION = (
    "Difference: model minus baseline, the mean over images with its 95 % interval over specimens (groups). Better or "
    "worse is said only where the interval excludes 0 and the signed-rank p over specimens, Holm-corrected over the "
    "comparisons by each metric, is at most 0.05."
)


NYQUIST_CAPTION = (
    "≤: on some images detail agrees with the target up to the Nyquist frequency. Their resolution counts as 2 px, the "
    "finest period that the pixels can show, but may be finer."
)


@dataclass(frozen=True)
class Gains:
    """A table, and what a reader must know before believing it."""

    rows: list[Row]
    caveats: tuple[str, ...]


def gains(named: Sequence[tuple[str, EvaluationReport]], baselines: Sequence[str], metrics: Sequence[str]) -> Gains:
    """Compare each model with each baseline, metric by metric.

    Columns name what differs between rows: the model unless its label is empty, the baseline unless all have the same.
    """
    reports = [report for _, report in named]
    names = [_names(label, baseline, len(baselines)) for (label, _), baseline in product(named, baselines)]
    pairs = [
        (name, paired)
        for metric in metrics
        for name, paired in zip(names, against_baselines(reports, baselines, metric), strict=True)
    ]
    said = caveats([paired for _, paired in pairs], len(names)) if pairs else ()
    return Gains(text_rows(pairs), said)


def _names(label: str, baseline: str, baselines: int) -> Row:
    model = {"model": label} if label else {}
    return model | ({"baseline": baseline.removeprefix("baseline:")} if baselines > 1 or not label else {})

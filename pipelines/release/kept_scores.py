"""Scores that a registered version keeps among its tags, each beside the best baseline of the same evaluation."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.evaluate.tables import decimals_of
from pipelines.tracking.promotions import scores_of
from sem_models.evaluation.metrics.table import LABELS, METRICS
from sem_models.evaluation.report import EvaluationReport

_KEPT = re.compile(r"(?P<mean>\S+) \(n = (?P<n>\d+)\)(?:; (?P<baseline>.+) (?P<its_mean>\S+))?")
"""Versions before 0.2 kept no baseline."""


@dataclass(frozen=True)
class KeptScore:
    """A mean over a test split, as people read it."""

    dataset: str
    metric: str
    model: str
    """`30.12 (n = 8)`."""
    baseline: str
    """`baseline:bicubic 29.10`; empty where none was kept."""

    @property
    def name(self) -> str:
        """`steel: PSNR (dB)`."""
        return f"{self.dataset}: {LABELS.get(self.metric, self.metric)}"

    @property
    def beside_baseline(self) -> str:
        """`30.12 (n = 8), baseline:bicubic 29.10`."""
        return ", ".join(part for part in (self.model, self.baseline) if part)


def score_tags(report: EvaluationReport) -> dict[str, str]:
    """Return the tags of a report, by `steel-test.psnr_db`."""
    return {f"{report.dataset}-{report.split}.{metric}": _written(report, metric) for metric in report.metrics}


def kept_scores(tags: Mapping[str, str]) -> tuple[KeptScore, ...]:
    """Read the scores among the tags of a version, or of a move of its alias."""
    return tuple(_read(*key.rpartition("-test.")[::2], text) for key, text in scores_of(tags).items())


def _written(report: EvaluationReport, metric: str) -> str:
    score = report.mean(report.model, metric)
    means = {name: report.mean(name, metric).mean for name in report.methods if name != report.model}
    known = {name: mean for name, mean in means.items() if math.isfinite(mean)}
    best = min(known, key=lambda name: _distance(metric, known[name]), default=None)
    baseline = f"; {best} {known[best]:.4f}" if best else ""
    return f"{score.mean:.4f} (n = {score.n}){baseline}"


def _distance(metric: str, mean: float) -> float:
    """Return how far a mean is from the best value, up to a constant."""
    ideal = METRICS[metric].ideal
    return -mean if ideal == math.inf else abs(mean - ideal)


def _read(dataset: str, metric: str, text: str) -> KeptScore:
    found = _KEPT.fullmatch(text)
    if not found:
        return KeptScore(dataset, metric, text, "")
    digits = decimals_of(metric)
    baseline = f"{found['baseline']} {float(found['its_mean']):.{digits}f}" if found["baseline"] else ""
    return KeptScore(dataset, metric, f"{float(found['mean']):.{digits}f} (n = {found['n']})", baseline)

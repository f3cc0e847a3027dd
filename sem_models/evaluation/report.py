"""The result of an evaluation: per-image scores of a model and its baselines, with means and gains."""

import json
import statistics
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sem_models.config.frozen import Frozen
from sem_models.datasets.manifest import Split
from sem_models.evaluation.metrics.frequency import is_finest_period
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.statistics.intervals import (
    Interval,
    PairedDifference,
    cluster_interval,
    paired_difference,
)


def _present_name(method: Any) -> Any:
    """Rename baselines of version 0.1 reports, which were called `floor:NAME`."""
    return f"baseline:{method[6:]}" if isinstance(method, str) and method.startswith("floor:") else method


MethodName = Annotated[str, BeforeValidator(_present_name)]


class Row(Frozen):
    """Scores of one method on one image."""

    method: MethodName
    image: str
    group: str
    scores: dict[str, float | None]
    """None if a score could not be computed (`EvaluationReport.notes` says why); no key if it does not apply."""
    s_per_mp: float | None = Field(None, exclude_if=lambda value: value is None)
    """Seconds that the output took for each of its megapixels, without scoring; None in earlier reports."""


class EvaluationReport(Frozen):
    """Everything needed to read, reproduce and compare the scores of one model."""

    version: Literal[1] = 1
    model: MethodName
    dataset: str
    digest: str
    split: Split
    degradation: str
    """JSON of the forward model that made the inputs, or `paired` if the dataset contains them."""
    data_range: float
    border_px: int
    """Pixels left out at each edge of the output."""
    strength_px: float | None = Field(None, exclude_if=lambda value: value is None)
    """Width of the blur that the model was told to undo, sigma in px; None: its default, or it cannot be told."""
    parameters: int | None = Field(None, exclude_if=lambda value: value is None)
    """Trainable parameters of the model's network, 0 for a baseline; None in earlier reports."""
    device: str = Field("", exclude_if=lambda value: not value)
    """What the outputs were computed on, for instance `cpu, 2 threads`; empty in earlier reports."""
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """The model first, then its baselines."""
        return tuple(dict.fromkeys(row.method for row in self.rows))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the scores that at least one row has."""
        present = {name for row in self.rows for name, value in row.scores.items() if value is not None}
        return tuple(name for name in METRICS if name in present)

    @property
    def images(self) -> int:
        """Number of images."""
        return len({row.image for row in self.rows})

    @property
    def groups(self) -> int:
        """Number of specimens."""
        return len({row.group for row in self.rows})

    def values(self, method: str, metric: str) -> list[float]:
        """Return the scores of one method, one for each image, NaN where missing."""
        scores = [row.scores.get(metric) for row in self.rows if row.method == method]
        return [float("nan") if score is None else score for score in scores]

    def s_per_mp(self, method: str) -> float | None:
        """Return the median over images of the seconds for each megapixel of output; None if it was not recorded.

        A median, because the first image also pays for what is prepared once.
        """
        known = [row.s_per_mp for row in self.rows if row.method == method and row.s_per_mp is not None]
        return statistics.median(known) if known else None

    def at_nyquist(self, method: str, metric: str) -> int:
        """Return on how many images a resolution is only an upper bound, because detail agrees at every frequency."""
        if metric not in ("frc_resolution_px", "frc_resolution_nm"):
            return 0
        return sum(map(is_finest_period, self.values(method, "frc_resolution_px")))

    def mean(self, method: str, metric: str) -> Interval:
        """Return the mean over images with its 95 % interval over specimens."""
        return cluster_interval(self.values(method, metric), self._groups_of(method))

    def gain(self, metric: str, baseline: str) -> PairedDifference:
        """Return model minus baseline, image by image, with its 95 % interval over specimens."""
        return paired_difference(
            self.values(self.model, metric), self.values(baseline, metric), self._groups_of(self.model)
        )

    def _groups_of(self, method: str) -> list[str]:
        return [row.group for row in self.rows if row.method == method]

    def comparable(self, other: "EvaluationReport") -> bool:
        """Return whether both were scored on the same images, simulated and cropped alike, and at one strength."""
        return not self.differs_from(other)

    def differs_from(self, other: "EvaluationReport") -> tuple[str, ...]:
        """Return the settings that make two reports incomparable, as `name this, not that`; empty if comparable."""
        pairs = [(name, mine, other._setting[name]) for name, mine in self._setting.items()]
        different = [_difference(name, mine, theirs) for name, mine, theirs in pairs if mine != theirs]
        if self.digest != other.digest:
            digests = [f"{report.digest[:12]} ({report.dataset})" for report in (self, other)]
            different.insert(0, _difference("dataset digest", *digests))
        return tuple(different + _degradation_differences(self.degradation, other.degradation))

    @property
    def _setting(self) -> dict[str, object]:
        strength = "default" if self.strength_px is None else f"{self.strength_px:g}"
        return {
            "split": self.split,
            "data range": self.data_range,
            "border in px": self.border_px,
            "strength in px": strength,
        }


def _difference(name: str, mine: object, theirs: object) -> str:
    return f"{name} {mine}, not {theirs}"


def _degradation_differences(mine: str, theirs: str) -> list[str]:
    """Return only the settings that differ if both are forward models, else both as they are."""
    if mine == theirs:
        return []
    try:
        a, b = json.loads(mine), json.loads(theirs)
    except json.JSONDecodeError:
        return [_difference("degradation", mine, theirs)]
    keys = [key for key in {**a, **b} if a.get(key) != b.get(key)]
    return [_difference(f"degradation.{key}", a.get(key), b.get(key)) for key in keys] or ["degradation"]

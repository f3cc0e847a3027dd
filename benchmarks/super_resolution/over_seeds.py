"""Scores of trainings that differ in their seed, and differences of methods with intervals over seeds and specimens."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sem_models.evaluation.statistics.intervals import Interval, cluster_interval, seeds_interval

Rows = Mapping[str, Mapping[str, float]]
"""Scores by image."""


class Scores:
    """Scores of all methods by metric, (seeds, images) each, with the specimen of every image."""

    def __init__(
        self, methods: Mapping[str, Rows], trained: Sequence[str], groups: Mapping[str, str], metrics: Sequence[str]
    ) -> None:
        """Collect the seeds of each method.

        Args:
            methods: Scores by label, `NAME SEED` for a training.
            trained: Names of the trained methods.
            groups: The specimen of each image.
            metrics: Names of the scores.
        """
        self._groups = list(groups.values())
        self.plain = [label for label in methods if label.rpartition(" ")[0] not in trained]
        self.tables: dict[str, dict[str, NDArray[np.float64]]] = {}
        for name in (*self.plain, *trained):
            runs = [rows for label, rows in methods.items() if name in (label, label.rpartition(" ")[0])]
            if runs:
                self.tables[name] = {
                    metric: np.array([[rows[image].get(metric, np.nan) for image in groups] for rows in runs])
                    for metric in metrics
                }

    def summary(self, compared: Sequence[str]) -> dict[str, Any]:
        """Means over images and seeds with intervals over specimens, and gains of trained methods over the others."""
        found: dict[str, Any] = {}
        for name, table in self.tables.items():
            scores = {m: as_json(cluster_interval(list(v.mean(0)), self._groups)) for m, v in table.items()}
            found[name] = {"seeds": len(next(iter(table.values()))), "scores": scores}
            if name not in self.plain:
                found[name]["gain"] = {other: self.difference(name, other, compared) for other in self.plain}
        return found

    def contrasts(self, pairs: Mapping[str, tuple[str, str]], compared: Sequence[str]) -> dict[str, Any]:
        """What single differences between two methods are worth, as far as both are trained."""
        known = {what: pair for what, pair in pairs.items() if all(name in self.tables for name in pair)}
        return {what: self.difference(*pair, compared) for what, pair in known.items()}

    def difference(self, method: str, other: str, compared: Sequence[str]) -> dict[str, Any]:
        """The first minus the second, over the seeds that both have; intervals count specimens and seeds.

        Methods are trained with seeds 0, 1, ...; with one seed in common the interval is over specimens alone.
        """
        found = {}
        for metric in compared:
            ours, theirs = self.tables[method][metric], self.tables[other][metric]
            if other not in self.plain:
                ours, theirs = ours[: len(theirs)], theirs[: len(ours)]
            by_seed = np.nanmean(ours - theirs, axis=1).tolist()
            found[metric] = {**as_json(seeds_interval(ours, theirs, self._groups)), "by_seed": by_seed}
        return found


def as_json(found: Interval) -> dict[str, float | None]:
    """Return mean and limits, None where there is none."""
    lo, hi = (None if np.isnan(limit) else float(limit) for limit in (found.lo, found.hi))
    return {"mean": float(found.mean), "lo": lo, "hi": hi}

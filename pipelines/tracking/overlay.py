"""Several runs over their steps: which curves they have in common, and their validation samples at one step."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.tracking.artifacts import Samples
from pipelines.tracking.runs import RunInfo

MOST = 10
"""Runs in one chart: as many as there are colours that can be told apart."""


@dataclass(frozen=True)
class SharedCurves:
    """The curves of several runs, those of most runs first."""

    keys: tuple[str, ...]

    def first(self, preferred: Iterable[str]) -> list[str]:
        """Return those of the preferred ones that there are; the first of all if there is none."""
        return [key for key in preferred if key in self.keys] or list(self.keys[:1])


def shared_curves(runs: Sequence[RunInfo]) -> SharedCurves:
    """List the metrics that were written during training; scores of an evaluation have no curve."""
    counts = Counter(
        key for run in runs for key in run.metrics if key.startswith(("train/", "val/", "speed/", "watch/", "lr"))
    )
    return SharedCurves(tuple(sorted(counts, key=lambda key: (-counts[key], key))))


def telling_names(runs: Sequence[RunInfo]) -> dict[str, str]:
    """Return a name for each run, by id: its own, with the seed where only that differs, else with the id."""
    names = Counter(run.name for run in runs)
    seeded = Counter(_seeded(run) for run in runs)
    return {
        run.run_id: run.name
        if names[run.name] == 1
        else _seeded(run)
        if seeded[_seeded(run)] == 1
        else f"{run.name} ({run.run_id[:8]})"
        for run in runs
    }


def find_runs(text: str, known: Sequence[RunInfo]) -> tuple[list[RunInfo], list[str]]:
    """Find the runs of an address, named by the beginnings of their ids; also return the parts that name none."""
    parts = list(dict.fromkeys(part for part in text.split(",") if part))
    found = {part: next((run for run in known if run.run_id.startswith(part)), None) for part in parts}
    return [run for run in found.values() if run], [part for part, run in found.items() if run is None]


def latest_step(stored: Samples, step: int) -> int | None:
    """Return the last step at or before the given one at which a run has samples; None if it has none so early."""
    return max((known for known in stored.steps if known <= step), default=None)


def common_samples(stored: Mapping[str, Samples]) -> tuple[list[str], list[int]]:
    """Return the validation images that all runs have samples of, and all steps at which any has some, in order."""
    if not stored:
        return [], []
    names = set.intersection(*(set(one.names) for one in stored.values()))
    return sorted(names), sorted({step for one in stored.values() for step in one.steps})


def _seeded(run: RunInfo) -> str:
    seed = run.params.get("train.seed")
    return f"{run.name}, seed {seed}" if seed is not None else run.name

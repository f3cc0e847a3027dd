"""Several runs over their steps: which curves they have in common, and their validation samples at one step."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.tracking.artifacts import Samples
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo

MOST = 10
"""Runs in one chart: as many as there are colours that can be told apart."""
_SEED = "train.seed"


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
    """Return the shortest name that tells each run from the others, by id.

    It is the name of the run, without the dataset if all have the same one; with its seed where several seeds have one
    name, and with the beginning of the id where nothing else differs.
    """
    datasets = {run.tags.get(Tag.DATASET, "") for run in runs}
    common = f" on {datasets.pop()}" if len(datasets) == 1 else ""
    bare = {run.run_id: run.name.removesuffix(common) for run in runs}
    seeded = {run.run_id: f"{bare[run.run_id]}, seed {run.params.get(_SEED, '?')}" for run in runs}
    once, of_seed = Counter(bare.values()), Counter(seeded.values())
    return {
        run_id: name
        if once[name] == 1
        else seeded[run_id]
        if of_seed[seeded[run_id]] == 1
        else f"{name} ({run_id[:8]})"
        for run_id, name in bare.items()
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

"""Which scored runs belong on one page: those of one test set and task, the latest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo

LATEST = 6
"""Runs that are compared unless somebody chooses others: as many as can be told apart in one picture."""
_DIGITS = 8
"""Of a run id in an address; tables show as many."""


@dataclass(frozen=True)
class Candidates:
    """Runs that were scored on the test split of one dataset for one task, newest first."""

    dataset: str
    task: str
    runs: tuple[RunInfo, ...]

    @property
    def title(self) -> str:
        """Name them: `steel, super-resolution`."""
        return ", ".join(filter(None, (self.dataset, self.task)))


def candidates(runs: Sequence[RunInfo], kept: Mapping[str, RunInfo] = MappingProxyType({})) -> list[Candidates]:
    """Put the scored ones among runs, newest first, together by dataset and task, those with the newest run first.

    On one masked dataset, a segmentation has other scores than a synthesis, so the task counts as well.

    Args:
        runs: Trainings.
        kept: Where somebody keeps scores of others' trainings, by the ids of these. Such a run may have been scored on
            two datasets, and belongs to both.
    """
    together: dict[tuple[str, str], list[RunInfo]] = {}
    for run in runs:
        places = [run, kept[run.run_id]] if run.run_id in kept else [run]
        for dataset in dict.fromkeys(filter(None, (place.tags.get(Tag.evaluated("test")) for place in places))):
            together.setdefault((dataset, run.tags.get(Tag.TASK, "")), []).append(run)
    return [Candidates(dataset, task, tuple(found)) for (dataset, task), found in together.items()]


def in_address(run_ids: Sequence[str]) -> str:
    """Write a choice of runs as an address holds it."""
    return ",".join(run_id[:_DIGITS] for run_id in run_ids)


def from_address(text: str, offered: Sequence[Candidates]) -> tuple[Candidates, list[str]] | None:
    """Find the runs that an address names, whole or by the beginnings of their ids.

    Returns:
        The dataset and task of the first of them, and the ids of those that share both, in the order of the address;
        None if it names none.
    """
    asked = [part for part in text.split(",") if part]
    for group in offered:
        found = [run.run_id for part in asked for run in group.runs if run.run_id.startswith(part)]
        if found and any(run_id.startswith(asked[0]) for run_id in found):
            return group, list(dict.fromkeys(found))
    return None

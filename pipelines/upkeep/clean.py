"""Use case: remove what nothing needs any more, by age and by size."""

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.upkeep.leftovers import Kind, Leftover, find_leftovers, is_needed
from pipelines.upkeep.requests import CleanRequest
from pipelines.upkeep.run_locks import remove_free

_DAY_S = 86400.0
_LEAST_DAYS = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cleaned:
    """What was removed, or would be."""

    removed: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]
    """Not needed either, but not old enough."""

    @property
    def freed_bytes(self) -> int:
        """Size of what was removed."""
        return _size(self.removed)


def clean(request: CleanRequest) -> Cleaned:
    """Remove what is old enough and not needed; whatever cannot be removed is named in the log and stays."""
    found = find_leftovers()
    chosen = choose(found, request.older_than_days, request.most_gb, time.time())
    removed = chosen if request.dry_run else [one for one in chosen if _remove(one)]
    return Cleaned(tuple(removed), tuple(one for one in found if one not in removed))


def choose(found: Sequence[Leftover], older_than_days: float, most_gb: float | None, now: float) -> list[Leftover]:
    """Choose all that is old enough and, as long as the rest takes more than `most_gb`, the longest untouched of it.

    Args:
        found: What may be removed.
        older_than_days: Age in days.
        most_gb: Size in 1e9 bytes that may stay; None for any.
        now: Seconds of the epoch.
    """
    by_age = sorted(found, key=lambda one: one.touched)
    chosen = [one for one in by_age if now - one.touched > older_than_days * _DAY_S]
    rest = by_age[len(chosen) :]
    while most_gb is not None and rest and _size(rest) > most_gb * 1e9 and now - rest[0].touched > _LEAST_DAYS * _DAY_S:
        chosen.append(rest.pop(0))
    return chosen


def _remove(one: Leftover) -> bool:
    """Remove one, unless it has come into use since it was found."""
    if is_needed(one.kind, one.path):
        return False
    try:
        if one.kind is Kind.LOCK:
            return remove_free(one.path)
        if one.path.is_dir():
            shutil.rmtree(one.path)
        else:
            one.path.unlink()
        record(acting_person(), "clean", f"{one.kind} {one.path.name}")
    except OSError as error:
        _LOG.warning(f"{one.path} could not be removed: {error.strerror or error}.")
        return False
    return True


def _size(found: Sequence[Leftover]) -> int:
    return sum(one.size_bytes for one in found)

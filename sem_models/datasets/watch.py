"""Whether the files of a dataset are still those that were opened."""

from dataclasses import dataclass
from pathlib import Path

from sem_models.datasets.dataset import MANIFEST, Dataset

_State = tuple[int, int] | None
"""Size in bytes and time of the last change in ns; None: there is no such file."""


@dataclass(frozen=True)
class DatasetChange:
    """What happened to the files of a dataset."""

    missing: tuple[str, ...]
    """Files that were deleted or moved."""
    written: tuple[str, ...]
    """Files that were written to, or replaced."""
    files: int
    """Number of all files."""

    def __str__(self) -> str:
        """Return part of a sentence: `1 of 7 files is missing (0000-image.npy)`."""
        if len(self.missing) == self.files:
            return "all of its files are missing"
        parts = [
            f"{len(names)} of {self.files} files {verb if len(names) == 1 else verbs} ({names[0]}{_others(names)})"
            for names, verb, verbs in (
                (self.missing, "is missing", "are missing"),
                (self.written, "was written to", "were written to"),
            )
            if names
        ]
        return ", ".join(parts)


class DatasetWatch:
    """Compares sizes and times of the files with those at the beginning; no image is read for it."""

    def __init__(self, dataset: Dataset) -> None:
        """Look at the files of a dataset that has just been opened."""
        self._folder = dataset.folder
        stored = (stored.file for entry in dataset.manifest.entries for stored in entry.arrays)
        self._known = {name: _state(self._folder / name) for name in (MANIFEST, *stored)}

    def change(self) -> DatasetChange | None:
        """Return what differs from the beginning; None if nothing does."""
        now = {name: _state(self._folder / name) for name in self._known}
        missing = tuple(name for name, state in now.items() if state is None)
        written = tuple(name for name, state in now.items() if state is not None and state != self._known[name])
        return DatasetChange(missing, written, len(now)) if missing or written else None


def _state(path: Path) -> _State:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns


def _others(names: tuple[str, ...]) -> str:
    return " and others" if len(names) > 1 else ""

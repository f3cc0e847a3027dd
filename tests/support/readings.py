"""Counts how often raw files are read, by replacing what opens them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sem_models.datasets.preparation import planned_file, stacking
from sem_models.images.io import read
from sem_models.images.micrograph import Micrograph


class Remembered(dict[str, bytes]):
    """A memory that is a dictionary."""

    def recall(self, key: str) -> bytes | None:
        return self.get(key)

    def keep(self, key: str, content: bytes) -> None:
        self[key] = content


def count_readings(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return a counter by file name that every decoding of a raw file during a preparation adds to."""
    counted: Counter[str] = Counter()

    def pages(path: Path) -> Iterator[Micrograph]:
        counted[path.name] += 1
        return read.read_pages(path)

    def micrograph(path: Path, page: int = 0) -> Micrograph:
        counted[path.name] += 1
        return read.read_micrograph(path, page)

    monkeypatch.setattr(planned_file, "read_pages", pages)
    monkeypatch.setattr(stacking, "read_micrograph", micrograph)
    return counted

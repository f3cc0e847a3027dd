"""Damaged files of every format give an image or one line that names the file, in bounded time and memory."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.readers.mutated_files import Outcome, read_mutated
from benchmarks.readers.mutations import MUTATIONS, mutate
from benchmarks.readers.seeds import real_seeds, write_seeds
from sem_models.images.io.formats.table import FORMATS, recognise


def outcomes(folder: Path, count: int, extra: Path | None = None) -> list[Outcome]:
    sound, damaged = folder / "sound", folder / "damaged"
    sound.mkdir()
    damaged.mkdir()
    seeds = write_seeds(sound) + (real_seeds(extra) if extra else [])
    return list(read_mutated(seeds, count, damaged))


def test_some_of_each_format(tmp_path: Path) -> None:
    found = outcomes(tmp_path, 44)
    assert [outcome for outcome in found if outcome.result not in ("image", "refused")] == []
    assert len({outcome.mutation for outcome in found}) == len(MUTATIONS)
    assert Counter(outcome.result for outcome in found)["refused"] > 10


def test_seeds_cover_every_format_that_needs_no_optional_package(tmp_path: Path) -> None:
    forms = [recognise(path) for path in write_seeds(tmp_path)]
    assert all(FORMATS[name] in forms for name in FORMATS if name != "RosettaSciIO")


def test_damage_is_the_same_every_time() -> None:
    data = bytes(range(256)) * 8
    assert [mutate(data, index) for index in range(12)] == [mutate(data, index) for index in range(12)]
    assert all(mutate(data, index)[1] != data for index in range(12))


@pytest.mark.slow
@pytest.mark.realdata
def test_a_thousand_within_five_seconds_and_one_gibibyte(tmp_path: Path, shared_data: Path) -> None:
    found = outcomes(tmp_path, 1000, shared_data / "vendor_formats")
    assert [outcome for outcome in found if not outcome.sound] == []

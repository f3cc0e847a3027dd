"""A plan that is made again reads no file again, and finds the same as one that reads all of them."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.data.memory import FileMemory
from sem_models.datasets.preparation.corrections import Correction
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from sem_models.progress import silent
from tests.support.domains import write_all
from tests.support.images import smooth_images
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings
from tests.support.readings import Remembered, count_readings

NAMES = [f"S{index}-a.png" for index in range(5)]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, image in zip(NAMES, smooth_images(5), strict=True):
        Image.fromarray(image).save(folder / name)
    return folder


def assert_same(first: Plan, second: Plan) -> None:
    """Also compares what the equality of images leaves out."""
    assert first == second
    for one, other in zip(first.images, second.images, strict=True):
        assert one.picture == other.picture != b""
        for own in fields(one):
            assert type(getattr(one, own.name)) is type(getattr(other, own.name)), own.name


def test_changed_fields_read_nothing_again(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, memory = count_readings(monkeypatch), Remembered()
    options = PrepareOptions(name="d", raw=(raw,))
    plan_dataset(options, memory=memory)
    assert counted == dict.fromkeys(NAMES, 1)
    for change in (
        {"group_by": "^(S[0-9])"},
        {"seed": 3},
        {"pixel_size_nm": 2.0},
        {"test_groups": "s1"},
        {"join_same_field": False},
        {"corrections": (Correction(image=NAMES[0], split="val"), Correction(image=NAMES[1], use=False))},
    ):
        changed = options.model_copy(update=change)
        again = plan_dataset(changed, memory=memory)
        assert counted == dict.fromkeys(NAMES, 1), change
        assert_same(again, plan_dataset(changed))
        counted.clear()
        counted.update(dict.fromkeys(NAMES, 1))


def test_only_a_corrected_bar_reads_its_own_file(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, memory = count_readings(monkeypatch), Remembered()
    options = PrepareOptions(name="d", raw=(raw,))
    plan_dataset(options, memory=memory)
    corrected = options.model_copy(update={"corrections": (Correction(image=NAMES[2], databar_rows=20),)})
    plan = plan_dataset(corrected, memory=memory)
    assert [image.databar.rows for image in plan.images] == [0, 0, 20, 0, 0]
    assert counted == dict.fromkeys(NAMES, 1) | {NAMES[2]: 2}
    plan_dataset(options, memory=memory)
    plan_dataset(corrected, memory=memory)
    assert counted.total() == 6, "both states are known"
    assert_same(plan, plan_dataset(corrected))


def test_a_changed_file_is_read_again(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the new file has the same size and states the same time."""
    counted, memory = count_readings(monkeypatch), Remembered()
    options = PrepareOptions(name="d", raw=(raw,))
    before = {image.source: image.sha256 for image in plan_dataset(options, memory=memory).images}
    path, old = raw / NAMES[0], (raw / NAMES[0]).stat()
    content = bytearray(path.read_bytes())
    Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    path.write_bytes(path.read_bytes()[: len(content)].ljust(len(content), b"\0"))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert path.stat().st_size == old.st_size
    after = {image.source: image.sha256 for image in plan_dataset(options, memory=memory).images}
    assert counted == dict.fromkeys(NAMES, 1) | {NAMES[0]: 2}
    assert after[NAMES[0]] != before.pop(NAMES[0])
    assert before.items() <= after.items()


def test_pairs_are_registered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = smooth_images(3, 128)
    raw = write_all(tmp_path / "in", "s", [image[:120, :120] for image in images])
    target = write_all(tmp_path / "out", "s", [image[4:124, 6:126] for image in images])
    memory = Remembered()
    options = PrepareOptions(
        name="p", raw=(raw,), kind="paired", target=target, registration="shift", join_same_field=False
    )
    counted, told = count_readings(monkeypatch), []
    first = plan_dataset(options, lambda *said: told.append(said), memory)
    total = len(first.pairs)
    assert total == 3
    assert all(pair.alignment is not None and not pair.rejected for pair in first.pairs)
    registering = [said for said in told if said[2] == "pairs registered"]
    assert registering == [(done, total, "pairs registered") for done in range(total + 1)]
    counted.clear()
    assert plan_dataset(options, memory=memory) == first
    again = plan_dataset(options.model_copy(update={"max_residual_px": 9.0}), silent, memory)
    assert len(again.pairs) == total
    assert not counted


def test_masks_are_remembered_with_their_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"s{index}" for index in range(3)]
    options = masked_files(tmp_path, names, [RAW_OF_CLASS[rings(seed)] for seed in range(3)])
    memory = Remembered()
    first, counted = plan_dataset(options, memory=memory), count_readings(monkeypatch)
    assert_same(plan_dataset(options, memory=memory), first)
    assert not counted


def test_the_folder_forgets_the_longest_unused(tmp_path: Path) -> None:
    first = FileMemory(tmp_path / "m", most_bytes=1000)
    for index in range(5):
        first.keep(str(index), bytes(300))
        os.utime(tmp_path / "m" / str(index), ns=(index, index))
    assert first.recall("0") == bytes(300), "which makes it the latest"
    FileMemory(tmp_path / "m", most_bytes=1000).keep("new", b"n")
    assert {place.name for place in (tmp_path / "m").iterdir()} == {"0", "4", "new"}
    assert first.recall("1") is None


def test_a_folder_that_cannot_be_written_only_costs_time(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    options = PrepareOptions(name="d", raw=(raw,))
    assert plan_dataset(options, memory=FileMemory(tmp_path / "file" / "m")) == plan_dataset(options)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"nothing"])
def test_damaged_memories_are_made_again(raw: Path, damage: bytes) -> None:
    options, memory = PrepareOptions(name="d", raw=(raw,), join_same_field=False), Remembered()
    plan = plan_dataset(options, memory=memory)
    assert len(memory) == 5
    memory.update(dict.fromkeys(memory, damage))
    assert_same(plan_dataset(options, memory=memory), plan)

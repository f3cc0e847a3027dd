"""Unfinished files: those of a dead process go, those of a living one or of another machine stay."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sem_models.images.io.partial import is_partial, may_be_written, partial_path, remove_abandoned, write_cached
from sem_models.images.io.write import TiffRowWriter, reserved
from sem_models.images.micrograph import Micrograph


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sem_models.images.io.partial import partial_path; "
        "partial_path(Path(sys.argv[1])).write_text('half')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "größe.v2.tif")], check=True)
    (dead,) = tmp_path.iterdir()
    ours = partial_path(tmp_path / "a.tif")
    elsewhere = tmp_path / f".a.tif.another.machine-{os.getpid()}.part"
    kept = [ours, elsewhere, tmp_path / ".a.tif.part", tmp_path / "a-1.part", tmp_path / "b.tif"]
    for path in kept:
        path.write_text("half")
    assert not may_be_written(dead)
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    remove_abandoned(tmp_path / "missing")
    os.utime(elsewhere, (1.0, 1.0))
    remove_abandoned(tmp_path)
    assert not elsewhere.exists(), "nobody has touched it for a day"


def test_a_number_that_another_process_has_got_since_is_no_writer(tmp_path: Path) -> None:
    ours = partial_path(tmp_path / "a.tif")
    ours.write_text("half")
    assert may_be_written(ours)
    os.utime(ours, (1.0, 1.0))
    assert not may_be_written(ours), "it is older than this process"


def test_rows_are_written_under_such_a_name(tmp_path: Path) -> None:
    image = Micrograph(reserved((4, 5, 1), np.dtype(np.uint16)), 2.5)
    with TiffRowWriter(tmp_path / "a.tif", image) as writer:
        (part,) = tmp_path.iterdir()
        assert is_partial(part)
        writer.write_rows(0, np.ones((4, 5, 1), np.uint16))
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_a_writer_of_a_cache_that_is_killed_leaves_a_file_that_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cached(tmp_path / "graphs" / "a.onnx", b"first")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_cached(tmp_path / "graphs" / "a.onnx", b"second")
    left = [path for path in (tmp_path / "graphs").iterdir() if path.name != "a.onnx"]
    assert [is_partial(path) and may_be_written(path) for path in left] == [True]
    assert (tmp_path / "graphs" / "a.onnx").read_bytes() == b"first"
    write_cached(tmp_path / "graphs" / "a.onnx" / "below a file", b"x")  # a cache is done without

"""Free memory within control groups, whose files are written here as the kernel writes them, and freed memory."""

import resource
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from sem_models import memory
from sem_models.memory import freed_memory_kept


def group(folder: Path, limit: str, used: int, reclaimable: int, names: tuple[str, str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {reclaimable}\n")


V2 = ("memory.max", "memory.current", "inactive_file")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


@pytest.fixture
def available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_OWN", tmp_path / "own")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 8000}))
    return memory.available_bytes


def test_without_groups_the_machine_decides(available) -> None:
    assert available() == 8000


def test_the_tightest_group_above_decides(available, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0::/user/job\n")
    group(tmp_path / "cgroup" / "user" / "job", "max", 900, 0, V2)
    assert available() == 8000
    group(tmp_path / "cgroup" / "user", "3000", 1000, 200, V2)
    assert available() == 2200
    group(tmp_path / "cgroup" / "user" / "job", "1000", 900, 0, V2)
    assert available() == 100


def test_inside_a_container_the_limit_stands_at_the_root(available, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0::/not/visible/here\n")
    group(tmp_path / "cgroup", "5000", 1000, 0, V2)
    assert available() == 4000
    group(tmp_path / "cgroup", "500", 1000, 0, V2)
    assert available() == 0


def test_version_1(available, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("9:cpu:/a\n4:memory:/job\n")
    group(tmp_path / "cgroup" / "memory" / "job", "4000", 1000, 500, V1)
    assert available() == 3500


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux")
def test_freed_memory_is_kept_inside_the_block_only() -> None:
    process, size = psutil.Process(), 200 * 2**20

    def added() -> int:
        before = process.memory_info().rss
        np.ones(size, np.uint8)
        return process.memory_info().rss - before

    assert added() < size / 10
    before = process.memory_info().rss
    with freed_memory_kept():
        with freed_memory_kept():
            pass
        assert added() > 0.9 * size
        assert added() < size / 10, "the same memory again"
        with freed_memory_kept():
            pass
        assert added() < size / 10, "a block inside ends without effect"
    assert process.memory_info().rss - before < size / 10
    assert added() < size / 10


@pytest.mark.skipif(sys.platform != "linux", reason="compared with what the kernel says")
def test_what_is_held_is_what_the_kernel_says() -> None:
    before = memory.held_bytes()
    array = np.ones(64 << 20, np.uint8)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    assert memory.held_bytes() == pytest.approx(pages * resource.getpagesize(), rel=0.02)
    assert memory.held_bytes() - before > 0.9 * array.nbytes
    del array
    assert memory.peak_bytes() >= memory.held_bytes()

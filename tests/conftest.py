"""Fixtures that several test folders share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the sets of real micrographs."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the shared set of real micrographs is not on this machine")
    return folder


@pytest.fixture(scope="session")
def torch_home() -> Path:
    """Folder with real backbone weights for LPIPS."""
    folder = SHARED / "torch_home"
    if not folder.is_dir():
        pytest.skip("the shared backbone weights are not on this machine")
    return folder


@pytest.fixture
def sem_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home for datasets and runs; nothing of the developer's own store is touched."""
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield tmp_path


@pytest.fixture(scope="session", autouse=True)
def _two_threads() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "2")

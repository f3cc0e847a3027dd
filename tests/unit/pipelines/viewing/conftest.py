"""A home without a tracking store, which pyramids do without."""

from pathlib import Path

import pytest


@pytest.fixture
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    return tmp_path

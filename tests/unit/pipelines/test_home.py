"""The home folder: refused at once where it cannot be written, and the place of all files."""

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.faults import keep_trace
from pipelines.tracking.store import artifact_root


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that not even the superuser can make: below a file."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEM_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "file" / "home"


@pytest.mark.parametrize(
    "arguments",
    [
        ["prepare", "RAW", "--name", "x"],
        ["simulate", "--name", "x"],
        ["demo"],
        ["lesson"],
        ["train", "--recipe", "vdsr-x4", "--dataset", "x"],
        ["evaluate", "baseline:bicubic", "--dataset", "x"],
        ["discriminate", "baseline:bicubic", "--dataset", "x"],
        ["study", "create", "x", "--model", "baseline:bicubic", "--dataset", "x"],
        ["study", "list"],
        ["compare", "0123"],
        ["predict", "models:/a@b", "RAW", "--out", "out"],
        ["register", "0123", "--name", "x"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_an_unwritable_home_is_said_in_one_line(arguments: list[str], no_home: Path, raw_images: Path) -> None:
    """Without reading a file: the raw images, which prepare would read first, are damaged."""
    for path in raw_images.iterdir():
        path.write_bytes(b"II*\0")
    result = CliRunner().invoke(app, [str(raw_images) if part == "RAW" else part for part in arguments])
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(f"Datasets and runs cannot be stored in {no_home}: Not a directory. Name another folder")


def test_what_stores_nothing_needs_no_home(no_home: Path) -> None:
    assert CliRunner().invoke(app, ["recipes"]).exit_code == 0


def test_traces_of_faults_are_private_and_never_overwritten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody can lay out a file or link of a known name for another user's trace."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old = os.umask(0)
    try:
        places = [keep_trace(ValueError("told"), "a test") for _ in range(2)]
    finally:
        os.umask(old)
    assert len(set(places)) == 2
    assert all(stat.S_IMODE(place.stat().st_mode) == 0o600 and place.parent == tmp_path for place in places)


@pytest.mark.parametrize(
    ("uri", "own"),
    [
        ("postgresql://lab/runs", True),
        ("postgresql+psycopg://lab/runs", True),
        ("mysql+pymysql://lab/runs", True),
        ("sqlite:////elsewhere/mlflow.db", True),
        ("https://mlflow.lab", False),
    ],
)
def test_files_of_a_database_without_a_server_are_below_the_home_folder(
    uri: str, own: bool, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's default is the working folder."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert artifact_root("sem") == ((sem_home / "mlruns/artifacts/sem").as_uri() if own else None)

"""Imports run in one direction: `pyproject.toml` defines it and import-linter checks every chain of imports."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False)


def test_imports_run_one_way() -> None:
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("place", "line", "broken"),
    [
        ("sem_models/config/frozen.py", "import sem_models.images.units", "each package stands on those below it"),
        ("sem_models/physics/noise.py", "import sem_models.tasks.batches", "each package stands on those below it"),
        ("sem_models/errors.py", "import mlflow", "The science knows no store"),
        ("sem_models/config/training.py", "import torch", "Settings need nothing heavy"),
        ("pipelines/home.py", "def f():\n    import pipelines.train.run", "use cases above jobs above tracking"),
        ("pipelines/data/noise.py", "import mlflow.entities", "Only pipelines.tracking talks to MLflow"),
        ("pipelines/progress.py", "import streamlit", "Only pages know Streamlit"),
        ("pages/home/page.py", "import pages.runs.live", "screens know nothing of each other"),
        ("pages/runs/live.py", "import pages.runs.page", "No circles, at any depth"),
        ("sem_models/images/units.py", "import pipelines.home", "pages above pipelines above sem_models"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, place: str, line: str, broken: str) -> None:
    """Each contract can fail: the linter is run on a copy of the code with one forbidden import."""
    for path in (*(ROOT / top for top in ("sem_models", "pipelines", "pages")), ROOT / "pyproject.toml"):
        (tmp_path / path.name).symlink_to(path)
    _own_copy(tmp_path, place).write_text(f"{(ROOT / place).read_text()}\n{line}\n")
    found = lint(tmp_path)
    assert found.returncode == 1
    report = " ".join(found.stdout.split("Broken contracts")[1].split())
    assert broken in report


def _own_copy(folder: Path, place: str) -> Path:
    """Replace links by folders of links on the way to `place`, so that this one file can differ from the original."""
    for part in list(Path(place).parents)[-2::-1]:
        (folder / part).unlink()
        (folder / part).mkdir()
        for inner in (ROOT / part).iterdir():
            if inner.name != "__pycache__":
                (folder / part / inner.name).symlink_to(inner)
    (folder / place).unlink()
    return folder / place


def test_pages_are_folders() -> None:
    """Only the list of pages and its server are outside: Streamlit treats `pages` beside a main script specially."""
    outside = {path.name for path in (ROOT / "pages").glob("[!_]*.py")}
    assert outside == {"ahead.py", "dashboard.py", "installed.py", "serving.py"}
    assert "pages/dashboard.py" in (ROOT / "app.py").read_text()

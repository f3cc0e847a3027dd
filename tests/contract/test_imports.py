"""The house has one direction: pages -> pipelines -> sem_models; only pipelines/tracking knows MLflow."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {
    "sem_models": {"streamlit", "mlflow", "pipelines", "pages", "app"},
    "pipelines": {"streamlit", "pages", "app"},
    "pages": {"mlflow"},
}


def imported(path: Path) -> set[str]:
    """Top-level names of every module that a file imports, wherever in the file it does so."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return {name.split(".")[0] for name in found}


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_run_one_way(folder: str) -> None:
    files = sources(folder)
    assert files
    wrong = {str(path): imported(path) & FORBIDDEN[folder] for path in files}
    assert not {path: names for path, names in wrong.items() if names}


def test_only_tracking_knows_mlflow() -> None:
    tracking = ROOT / "pipelines" / "tracking"
    knows = [path for path in sources("pipelines") if "mlflow" in imported(path)]
    assert knows, "tracking itself must import mlflow, or this test looks in the wrong place"
    assert all(path.is_relative_to(tracking) for path in knows)


def test_features_depend_on_nothing_of_the_house() -> None:
    """Losses and metrics share them: an import of either would close a circle."""
    files = sources("sem_models/features")
    assert files
    for path in files:
        modules = {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
        house = {module for module in modules if module and module.startswith(("sem_models", "pipelines", "pages"))}
        assert all(module.startswith("sem_models.features") for module in house), path


def test_pages_are_folders() -> None:
    """The list of pages is the only flat file; it is the main script, so that no `pages` folder lies beside one."""
    assert [path.name for path in (ROOT / "pages").glob("[!_]*.py")] == ["dashboard.py"]
    assert "pages/dashboard.py" in (ROOT / "app.py").read_text()


def test_pages_reach_models_only_through_pipelines() -> None:
    """Pages may name types and show images, but never load torch into the web server."""
    assert not [path for path in sources("pages") if "torch" in imported(path)]

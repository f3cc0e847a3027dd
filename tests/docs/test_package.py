"""Packaging: a single version, the command, and dependencies that the pinned requirements satisfy."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from typer.testing import CliRunner

from pages.__main__ import main_script
from pipelines.__main__ import app
from pipelines.tracking import run_facts
from sem_models.version import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def test_version_is_defined_once() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout.strip() == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    elsewhere = [name for name in ("pyproject.toml", "CITATION.cff") if f'"{__version__}"' in (ROOT / name).read_text()]
    assert not elsewhere


def test_command_is_the_program() -> None:
    command = EntryPoint("sem-workbench", PROJECT["scripts"]["sem-workbench"], "console_scripts")
    assert command.load() is app


def test_lock_satisfies_every_range() -> None:
    lock = {name.lower(): Version(version) for name, version in LOCKED.findall((ROOT / "requirements.txt").read_text())}
    wanted = map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["export"]])
    wrong = [str(need) for need in wanted if lock.get(need.name.lower(), Version("0")) not in need.specifier]
    assert not wrong


def test_dashboard_of_a_checkout_is_app_py() -> None:
    """`.streamlit`, with the theme and the upload limit, is next to this main script."""
    assert main_script() == ROOT / "app.py"
    assert (main_script().parent / ".streamlit" / "config.toml").is_file()


def test_app_command_starts_the_dashboard() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pages", "--help"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "streamlit run" in told.stdout


def test_installed_code_names_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not name the commit of a checkout that happens to contain it."""
    monkeypatch.setattr(
        run_facts, "__file__", str(tmp_path / "site-packages" / "pipelines" / "tracking" / "run_facts.py")
    )
    assert run_facts.code_commit() == __version__

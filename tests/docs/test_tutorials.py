"""The tutorials are run exactly as written: shell blocks through the command line, Python blocks from `examples/`."""

import json
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from sem_models.images.io.read import read_micrograph

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "tutorials"
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
INCLUDED = re.compile(r'--8<-- "(examples/\w+\.py):\w+"')


@pytest.fixture
def here(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a copy of the `examples` of the repository."""
    shutil.copytree(ROOT / "examples", sem_home / "examples")
    monkeypatch.chdir(sem_home)
    return sem_home


def commands(page: str) -> list[list[str]]:
    """All commands of a page; a backslash continues a line."""
    text = "".join(BLOCK.findall((PAGES / page).read_text())).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]


def follow(page: str, monkeypatch: pytest.MonkeyPatch, run_id: str = "") -> str:
    """Run the commands of a page; `RUN_ID` stands for its last training, or for that of an earlier page."""
    for program, *arguments in commands(page):
        if program == "python":
            monkeypatch.setattr(sys, "argv", arguments)
            runpy.run_path(arguments[0], run_name="__main__")
            continue
        assert program == "sem-workbench"
        done = CliRunner().invoke(app, [*(run_id if part == "RUN_ID" else part for part in arguments), "--json"])
        assert done.exit_code == 0, f"{arguments}: {done.output}"
        if arguments[0] == "train":
            run_id = json.loads(done.stdout.strip().splitlines()[-1])["run_id"]
    return run_id


def test_first_restoration_and_python(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = follow("first-restoration.md", monkeypatch)
    low = read_micrograph(here / "raw" / "fibres-specimen1_field1.tif")
    (written,) = (here / "restored").glob("*.tif")
    high = read_micrograph(written)
    assert (high.height, high.width) == (4 * low.height, 4 * low.width)
    assert (high.pixels.dtype, high.pixel_size_nm) == (low.pixels.dtype, pytest.approx(2.5))

    follow("python.md", monkeypatch, run_id)
    scripts = INCLUDED.findall((PAGES / "python.md").read_text())
    assert len(scripts) == 2
    for script in scripts:
        runpy.run_path(script, run_name="__main__")
    # The command line and Python apply one model in one way.
    assert (read_micrograph(here / "restored.tif").pixels == high.pixels).all()
    assert "dB, 95 % interval" in capsys.readouterr().out


def test_denoise_without_clean_images(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert follow("denoise-without-clean-images.md", monkeypatch)


def test_every_tutorial_is_run() -> None:
    run = {"first-restoration.md", "python.md", "denoise-without-clean-images.md"}
    walked = "tour.md"  # by the journeys through the dashboard, which take its pictures
    assert {page.name for page in PAGES.glob("*.md")} == {*run, walked, "index.md"}

"""Progress where there is no terminal."""

import json
import sys
from pathlib import Path

import pytest

from pipelines import progress as module
from pipelines.home import TASK_FOLDER
from pipelines.progress import TerminalProgress, duration


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_log_gets_few_lines(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    shown = TerminalProgress()
    for image in range(500):
        clock.now += 0.1
        shown(image + 1, 500, "images")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "images: 51 of 500, 44 s left" or lines[0].startswith("images: 5")
    assert lines[-1] == "images: 500 of 500"


def test_short_work_gets_one_line_for_each_kind(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    shown = TerminalProgress()
    for what in ("images", "samples"):
        for image in range(20):
            shown(image + 1, 20, what)
    assert capsys.readouterr().err == "images: 20 of 20\nsamples: 20 of 20\n"


def test_a_training_says_how_long_it_takes(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    shown = TerminalProgress()
    for step in (1, 600, 600, 1000, 1000):
        clock.now += 60
        shown.training(step, 1000, 1000 - step)
    assert capsys.readouterr().err == "steps trained: 600 of 1000, 6 min 40 s left\nsteps trained: 1000 of 1000\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = TerminalProgress()
    shown(1, 4, "images")
    shown(4, 4, "images")
    assert "images:" in capsys.readouterr().err


def test_a_task_writes_a_file_and_nothing_into_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TASK_FOLDER, str(tmp_path))
    shown = TerminalProgress()
    shown(1, 2, "images")
    shown(2, 2, "images")
    assert json.loads((tmp_path / "progress.json").read_text()) == {
        "done": 2, "total": 2, "what": "images", "seconds_left": 0.0
    }  # fmt: skip
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 s"), (0.6, "1 s"), (59.4, "59 s"), (60, "1 min"), (187, "3 min 7 s"), (3600, "1 h"), (4736, "1 h 18 min"),
     (3607, "1 h"), (86400 * 2 + 5 * 3600 + 59, "2 d 5 h")],
)  # fmt: skip
def test_durations_are_written_in_their_two_largest_units(seconds: float, written: str) -> None:
    assert duration(seconds) == written

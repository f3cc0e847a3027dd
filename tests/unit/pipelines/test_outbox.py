"""Files that wait for the store, whatever moment a process is killed at."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.tracking import outbox
from pipelines.tracking.outbox import Outbox


class Killed(BaseException):
    """Stands in for kill -9, which runs no handler."""


def _fill(text: str) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        (folder / "weights").write_text(text)

    return fill


def _half(folder: Path, ignore_errors: bool) -> None:
    """Remove the first file and die."""
    next(path for path in sorted(folder.rglob("*")) if path.is_file()).unlink()
    raise Killed


def _sent(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Send all letters to a stand-in for the store; return what arrived."""
    arrived: dict[str, str] = {}

    class Store:
        def log_artifacts(self, folder: str, place: str) -> None:
            arrived[place] = (Path(folder) / "weights").read_text()

    monkeypatch.setattr(outbox, "artifacts_of", lambda run_id: Store())
    box.send("run")
    return arrived


def test_a_kill_while_a_replaced_letter_is_removed_loses_only_that_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Outbox(tmp_path)
    box.post("samples/1", _fill("sample"))
    box.post("checkpoints/last", _fill("old"))
    with monkeypatch.context() as dying:
        dying.setattr(outbox.shutil, "rmtree", _half)
        with pytest.raises(Killed):
            box.post("checkpoints/last", _fill("never posted"))
    again = Outbox(tmp_path)
    again.post("checkpoints/last", _fill("new"))
    assert _sent(again, monkeypatch) == {"samples/1": "sample", "checkpoints/last": "new"}
    assert list(tmp_path.iterdir()) == []


def test_half_a_letter_of_an_earlier_version_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Outbox(tmp_path)
    box.post("checkpoints/last", _fill("whole"))
    (tmp_path / "1-1" / "files").mkdir(parents=True)
    assert _sent(Outbox(tmp_path), monkeypatch) == {"checkpoints/last": "whole"}

"""When trainings begin: by hand for a few slots, and from what the queue and the store say."""

import math
import os
from pathlib import Path

import pytest

from pipelines.jobs import queue
from pipelines.jobs.liveness import describe
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo
from pipelines.train import outlook as outlook_module
from pipelines.train.outlook import outlook, start_times

UNKNOWN = math.inf


@pytest.mark.parametrize(
    ("free_in_s", "waiting", "starts"),
    [
        ([0], [(1, 9)], [0]),
        ([100], [(1, 50), (1, 30), (1, 9)], [100, 150, 180]),
        ([100, 20], [(1, 50), (1, 30), (1, 9)], [20, 70, 100]),
        ([0, 0, 40], [(2, 10), (3, 5), (1, 1)], [0, 40, 45]),
        ([UNKNOWN, 20], [(1, 50), (1, 9)], [20, 70]),
        ([UNKNOWN], [(1, 50), (1, 9)], [UNKNOWN, UNKNOWN]),
        ([10], [(1, UNKNOWN), (1, 9)], [10, UNKNOWN]),
        # The third needs one slot only, but nobody overtakes the second, which waits for both.
        ([0, 60], [(1, 5), (2, 10), (1, 1)], [0, 60, 70]),
    ],
)
def test_start_times(free_in_s: list[float], waiting: list[tuple[int, float]], starts: list[float]) -> None:
    assert start_times(free_in_s, waiting) == starts


def run(run_id: str, recipe: str, steps: int, speed: float = 0.0) -> RunInfo:
    metrics = {"speed/steps_per_s": speed} if speed else {}
    tags = {Tag.RECIPE: recipe}
    return RunInfo(
        run_id, f"{recipe} here", "training", "e", "RUNNING", {"train.steps": str(steps)}, tags, metrics, None, None
    )


def test_the_queue_is_looked_at_from_its_end(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlook_module, "slot_names", lambda: ("cpu",))
    runs = [run("a", "vdsr", 500), run("b", "nafnet", 600), run("c", "unet", 70), run("old", "nafnet", 9, speed=4.0)]
    assert outlook(runs) == outlook_module.Outlook((), 1, 0.0)
    for run_id in "abc":
        queue.enqueue(run_id)
        queue.sign_in(run_id, describe(os.getpid()))
    assert queue.claim("a", "cpu")
    queue.heartbeat("a", 20, 500, 48.0)
    seen = outlook(runs)
    assert [(turn.name, turn.place, turn.starts_in_s, turn.takes_s) for turn in seen.turns] == [
        ("vdsr here", "", 0.0, 48.0),
        ("nafnet here", "position 1 in the queue", 48.0, 600 / 4.0),
        ("unet here", "position 2 in the queue", 48.0 + 150.0, None),
    ]
    assert (seen.next_position, seen.next_starts_in_s) == (3, None), "nobody knows how long the unet takes"
    queue.end("c")
    assert outlook(runs).next_starts_in_s == 48.0 + 150.0

"""Seconds from the start of a background task to its result, in a fresh process and through the fork server.

    python -m benchmarks.speed.task_start [--rounds N]

The task enlarges a 64 x 64 px image bicubically, so that nearly all of its time is its start. Both ways alternate.
Writes `task_start.json` next to this file.
"""

import argparse
import os
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.speed.harness import Measures, circumstances, in_turns, store, summary
from pipelines.jobs import fork_server
from pipelines.jobs.tasks import start_task, task_state
from pipelines.predict.requests import PredictRequest
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEM_HOME"] = folder
        image = Path(folder) / "image.tif"
        write_micrograph(image, Micrograph(np.random.default_rng(0).random((64, 64, 1), np.float32)))
        request = PredictRequest(model="baseline:bicubic", inputs=(image,), out=Path(folder) / "out", overwrite=True)
        ways = {"fresh": partial(_seconds, request), "forked": partial(_forked_seconds, request)}
        found = summary(in_turns(ways, rounds, warm_up=0), "wall_s")
    store(__file__, {**circumstances(rounds), "ways": found})


def _forked_seconds(request: PredictRequest) -> Measures:
    with fork_server.fork_server():
        while not fork_server.is_ready():
            time.sleep(0.1)
        return _seconds(request)


def _seconds(request: PredictRequest) -> Measures:
    start = time.monotonic()
    task = start_task(request)
    while (state := task_state(task)).is_live:
        time.sleep(0.01)
    if state.status != "done":
        raise RuntimeError(str(state.error))
    return {"wall_s": time.monotonic() - start}


if __name__ == "__main__":
    main()

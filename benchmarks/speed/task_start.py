"""Seconds from the start of a background task to its result, in a fresh process and through the fork server.

    python -m benchmarks.speed.task_start [--rounds N]

The task enlarges a 64 x 64 px image bicubically, so that nearly all of its time is its start. Both ways alternate.
Writes `task_start.json` next to this file.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

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
        seconds: dict[str, list[float]] = {"fresh": [], "forked": []}
        for _ in range(rounds):
            seconds["fresh"].append(_time(request))
            with fork_server.fork_server():
                while not fork_server.is_ready():
                    time.sleep(0.1)
                seconds["forked"].append(_time(request))
    medians = {way: round(statistics.median(values), 2) for way, values in seconds.items()}
    result = {
        "processors": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "rounds": {way: [round(value, 2) for value in values] for way, values in seconds.items()},
        "median_s": medians,
        "ratio": round(medians["fresh"] / medians["forked"], 1),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def _time(request: PredictRequest) -> float:
    start = time.monotonic()
    task = start_task(request)
    while (state := task_state(task)).status == "running":
        time.sleep(0.01)
    if state.status != "done":
        raise RuntimeError(str(state.error))
    return time.monotonic() - start


if __name__ == "__main__":
    main()

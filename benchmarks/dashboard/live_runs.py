"""Stands in for trainings: writes curves of runs as trainings do, until it is ended.

    python -m benchmarks.dashboard.live_runs RUN_ID ...

Each run stands in the queue with this process and beats; nothing is computed.
"""

import sys
import time
from itertools import count

from benchmarks.dashboard.store import CURVES
from pipelines.home import home
from pipelines.jobs import queue
from pipelines.jobs.liveness import this_process
from pipelines.tracking.runs import set_status
from pipelines.tracking.writer import RunWriter

STEPS_PER_S = 5
_BEAT_S = 5


def main(run_ids: list[str]) -> None:
    """Write all runs side by side."""
    for place, run_id in enumerate(run_ids):
        queue.enqueue(run_id)
        queue.sign_in(run_id, this_process())
        if not queue.claim(run_id, f"cpu{place}"):
            raise SystemExit("another training waits before this one")
        set_status(run_id, "RUNNING")
    writers = [RunWriter(run_id, home().work / run_id) for run_id in run_ids]
    for step in count(1):
        for run_id, writer in zip(run_ids, writers, strict=True):
            writer.metrics(step, dict.fromkeys(CURVES, 1 / step))
            if step % (_BEAT_S * STEPS_PER_S) == 0:
                queue.heartbeat(run_id, step, 10**6, 3600.0)
        time.sleep(1 / STEPS_PER_S)


if __name__ == "__main__":
    main(sys.argv[1:])

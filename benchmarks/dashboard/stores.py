"""How long the pages wait for runs and curves in each kind of store.

    python -m benchmarks.dashboard.stores HOME [--postgresql ADDRESS] [--server ADDRESS] [--rounds 9]

HOME is the home folder of a filled SQLite store (`python -m benchmarks.dashboard.store`); the database and the tracking
server must hold copies of it (`sem-workbench store copy`). `read` is what the pages do, `by MLflow` the same through
MLflow's interface, which is the only way for a tracking server. The time of the server counts in `wall_s` alone.
"""

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.speed.harness import Measures, circumstances, in_turns, measured, summary
from pipelines.tracking import metrics, runs
from pipelines.tracking.database import read_curve, read_runs

_CURVE = "train/l1"


def main() -> None:
    """Measure in turns and write `stores.json` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--postgresql")
    parser.add_argument("--server")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    os.environ["SEM_HOME"] = str(options.home)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    found = read_runs()
    run_id = max(
        (run for run in found if _CURVE in run.metrics), key=lambda run: len(read_curve(run.run_id, _CURVE)[0])
    ).run_id
    points = len(read_curve(run_id, _CURVE)[0])
    ways = {"SQLite, read": (None, True), "SQLite, by MLflow": (None, False)}
    if options.postgresql:
        ways |= {"PostgreSQL, read": (options.postgresql, True), "PostgreSQL, by MLflow": (options.postgresql, False)}
    if options.server:
        ways["tracking server, by MLflow"] = (options.server, False)
    content: dict[str, Any] = {"circumstances": circumstances(options.rounds), "runs": len(found), "points": points}
    for name, direct, through in (
        ("all runs", read_runs, runs._runs_of_server),
        ("one curve", partial(read_curve, run_id, _CURVE), partial(metrics._points_of_server, run_id, _CURVE, 0)),
    ):
        variants = {way: partial(_at, address, direct if read else through) for way, (address, read) in ways.items()}
        content[name] = summary(in_turns(variants, options.rounds), "wall_s")
    Path(__file__).with_name("stores.json").write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(content, indent=1))


def _at(address: str | None, work: Callable[[], Any]) -> Measures:
    """Measure some work at one store."""
    if address:
        os.environ["MLFLOW_TRACKING_URI"] = address
    else:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    return measured(work)


if __name__ == "__main__":
    main()

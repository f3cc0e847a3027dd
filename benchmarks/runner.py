"""Training and evaluation of the runs in a table through the command line; finished runs are kept and not repeated."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from benchmarks.pools import Pool

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Job:
    """One training and its evaluations."""

    label: str
    recipe: str
    dataset: str
    seed: int = 0
    changes: tuple[str, ...] = ()
    init: str | None = None
    """Label of the job from whose pixel stage this one starts, or name of a starter model."""
    inputs: tuple[tuple[str, ...], ...] = ((),)
    """For each evaluation, the `degradation.KEY=VALUE` settings of its inputs; an empty tuple means as in training."""


def command(*arguments: str) -> dict[str, Any]:
    """Run a workbench command and return the JSON object in its last line of output."""
    call = [sys.executable, "-m", "pipelines", *arguments, "--json"]
    done = subprocess.run(call, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def settings(assignments: Sequence[str]) -> list[str]:
    """Put `--set` before each assignment."""
    return [part for text in assignments for part in ("--set", text)]


def options(description: str | None) -> argparse.Namespace:
    """Parse the options that all tables share, and set the environment accordingly."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--home", type=Path, default=ROOT)
    parser.add_argument("--jobs", type=int, default=1, help="number of parallel trainings, each with one thread")
    parser.add_argument("--pictures", type=Path, help="folder for comparison images, if the table makes any")
    parser.add_argument("--only", nargs="*", help="labels of the jobs to run")
    chosen = parser.parse_args()
    os.environ["SEM_HOME"] = str(chosen.home)
    os.environ.setdefault("SEM_CPU_SLOTS", str(chosen.jobs))
    if chosen.jobs > 1:
        os.environ["OMP_NUM_THREADS"] = "1"
    return chosen


def prepare(pool: Pool, data: Path, home: Path) -> None:
    """Prepare the dataset of a pool unless it exists."""
    if (home / "datasets" / pool.dataset).exists():
        return
    raw = home / f"raw-{pool.dataset}"
    pool.gather(data, raw)
    command("prepare", str(raw), "--name", pool.dataset, "--seed", str(pool.seed), "--group-by", pool.groups)


class Table:
    """Finished runs, stored in a JSON file next to the script of the table."""

    def __init__(self, path: Path, experiment: str, same: tuple[str, ...]) -> None:
        """`same` are settings that apply to all trainings."""
        self._path, self._experiment, self._same = path, experiment, same
        self.known = _read(path)
        self._threads = threading.Lock()
        self._processes = FileLock(Path(tempfile.gettempdir()) / f"{path.stem}-{os.getuid()}.lock")

    def run(self, jobs: Sequence[Job], at_once: int, only: Sequence[str] | None) -> None:
        """Run the missing trainings and evaluations, `at_once` in parallel."""
        wanted = [job for job in jobs if not only or job.label in only]
        with ThreadPoolExecutor(at_once) as workers:
            for done in [workers.submit(self._one, job) for job in wanted]:
                done.result()

    def _one(self, job: Job) -> None:
        entry = self.known.get(job.label) or self._train(job)
        for inputs in job.inputs:
            if list(inputs) not in entry["scored"]:
                command("evaluate", str(entry["run_id"]), "--dataset", job.dataset, *settings(inputs))
                entry["scored"].append(list(inputs))
                self._keep(job.label, entry)

    def _train(self, job: Job) -> dict[str, Any]:
        start = time.monotonic()
        assignments = [f"train.seed={job.seed}", *self._same, *job.changes]
        earlier = self.known.get(job.init or "", {})
        source = ["--init", str(earlier.get("run_id", job.init))] if job.init else []
        call = ["train", "--recipe", job.recipe, "--dataset", job.dataset, "--experiment", self._experiment, *source]
        run_id = command(*call, *settings(assignments))["run_id"]
        minutes = round((time.monotonic() - start) / 60, 2)
        facts = {"recipe": job.recipe, "seed": job.seed, "settings": assignments, "init": job.init}
        entry = {**facts, "run_id": run_id, "train_minutes": minutes, "scored": []}
        self._keep(job.label, entry)
        return entry

    def _keep(self, label: str, entry: dict[str, Any]) -> None:
        with self._threads, self._processes:
            # Another process may have added runs since this one read the file.
            self.known = _read(self._path) | self.known | {label: entry}
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(self.known, indent=1) + "\n")
            part.replace(self._path)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
    return found

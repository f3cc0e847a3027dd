"""Every super-resolution method on four real sets: same images, same degradation, same number of patches.

    python -m benchmarks.super_resolution.table --data FOLDER [--home FOLDER] [--jobs N] [--only NAME ...]

FOLDER holds the four sets. They are pooled into one dataset, split by specimen; each method is trained once a seed on
the pool and scored on the whole test images of each set, by the command line alone. An ablation of SINSR-GB follows.
Runs that are finished already are kept, so the command can be stopped and called again. Writes `table.json` beside
this file: which MLflow run is which; `summarise.py` reads the scores back from them.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.super_resolution.pool import GROUPS, SEED, gather

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATASET, EXPERIMENT = "sem4", "super-resolution-x4"
SAME = ("train.batch=8", "train.patch=96", "train.steps=2000", "train.validate_every=100000")
_lock = threading.Lock()


@dataclass(frozen=True)
class Job:
    """One training."""

    label: str
    recipe: str
    seed: int = 0
    changes: tuple[str, ...] = ()
    init: str | None = None
    """Label of the job whose pixel stage this one starts from."""


LEADING = ("srresnet-x4-small", "esrgan-x4-small", "sinsr-gb-x4-small")
METHODS = (
    "vdsr-x4-small", "srresnet-x4-small", "swinir-x4-small", "srgan-x4-small", "esrgan-x4-small",
    "spsr-x4-small", "sinsr-x4-small", "sinsr-gb-x4-small",
)  # fmt: skip
JOBS = (
    *(Job(f"{recipe} 0", recipe) for recipe in METHODS),
    Job("dsrvae-x4-small 0", "dsrvae-x4-small", changes=("train.patch=128",)),
    *(Job(f"{recipe} {seed}", recipe, seed) for seed in (1, 2) for recipe in LEADING),
)
PARTS = ("perceptual_levels", "gradient", "gradient2", "tv", "dssim", "gradient_branch")
_FULL = "sinsr-gb-x4-small"
_SHORT = "train.steps=500"
"""A fifth of these, the adversarial stage, is trained: all start from the same pixel stage."""
ABLATION = (
    Job("ablation: all parts", _FULL, changes=(_SHORT,), init=f"{_FULL} 0"),
    Job("ablation: without adversarial", _FULL, changes=(_SHORT, "adversarial.weight=0"), init=f"{_FULL} 0"),
    *(
        Job(f"ablation: without {part}", _FULL, changes=(_SHORT, f"adversarial.losses.{part}=0"), init=f"{_FULL} 0")
        for part in PARTS
    ),
)


def command(*arguments: str) -> dict[str, Any]:
    """Run one workbench command; its last line of output is a JSON object."""
    call = [sys.executable, "-m", "pipelines", *arguments, "--json"]
    done = subprocess.run(call, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def run_job(job: Job, known: dict[str, dict[str, Any]], out: Path) -> None:
    """Train and score one job unless that is done, and write the file anew."""
    if job.label in known:
        return
    start = time.monotonic()
    settings = [f"train.seed={job.seed}", *SAME, *job.changes]
    source = ["--init", str(known[job.init]["run_id"])] if job.init else []
    call = ["train", "--recipe", job.recipe, "--dataset", DATASET, "--experiment", EXPERIMENT, *source]
    trained = command(*call, *(part for text in settings for part in ("--set", text)))
    minutes = (time.monotonic() - start) / 60
    command("evaluate", trained["run_id"], "--dataset", DATASET)
    entry = {"recipe": job.recipe, "seed": job.seed, "settings": settings, "init": job.init}
    with _lock:
        known[job.label] = {**entry, "run_id": trained["run_id"], "train_minutes": round(minutes, 2)}
        out.write_text(json.dumps(known, indent=1) + "\n")


def main() -> None:
    """Prepare the pool, then train what is missing, several at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--home", type=Path, default=ROOT)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, each with one thread")
    parser.add_argument("--only", nargs="*", help="labels of the jobs to do")
    options = parser.parse_args()
    os.environ |= {"SEM_HOME": str(options.home), "SEM_CPU_SLOTS": str(options.jobs)}
    if options.jobs > 1:
        os.environ["OMP_NUM_THREADS"] = "1"
    gather(options.data, options.home / "raw-sem4")
    if not (options.home / "datasets" / DATASET).exists():
        command("prepare", str(options.home / "raw-sem4"), "--name", DATASET, "--seed", str(SEED), "--group-by", GROUPS)
    out = HERE / "table.json"
    known = json.loads(out.read_text()) if out.exists() else {}
    for round_of_jobs in (JOBS, ABLATION):
        wanted = [job for job in round_of_jobs if not options.only or job.label in options.only]
        with ThreadPoolExecutor(options.jobs) as workers:
            for done in [workers.submit(run_job, job, known, out) for job in wanted]:
                done.result()


if __name__ == "__main__":
    main()

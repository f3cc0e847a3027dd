"""One process and two of `predict-many` on the same files: time by the clock, processor time, and files in the ledger.

    python -m benchmarks.speed.many_files [--files N] [--size PX] [--recipe NAME] [--rounds N]

The network has random weights. One and two processes take turns; each process has one thread, and has applied the
network once before the measurement begins. Where other work
runs on the machine, two processes get less of it than one would leave them. Writes `many_files.json` next to this file.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipelines.predict.ledger import Ledger, Record
from sem_models.config.presets.table import find_recipe
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import json, os, sys, time
from pathlib import Path
from pipelines.predict import files, many
from pipelines.predict.requests import PredictManyRequest
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import load_model

model, inputs, out = map(Path, sys.argv[1:4])
many.application = lambda request, names: files.Application(
    Predictor(load_model(model)), names, request.databar, None
)
request = PredictManyRequest(model="0" * 32, inputs=(inputs,), out=out)
warm = sorted(inputs.iterdir())[0]
many.predict_many(request.model_copy(update={"inputs": (warm,), "out": Path(f"{out}-warm-{os.getpid()}")}))
print("ready", flush=True)
sys.stdin.readline()
start, cpu = time.monotonic(), time.process_time()
result = many.predict_many(request)
print(json.dumps({"done": result.done, "wall_s": time.monotonic() - start, "cpu_s": time.process_time() - cpu}))
"""


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--recipe", default="nafnet-denoise-small")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _prepare(folder, options.recipe, options.files, options.size)
        rounds: dict[str, list[dict[str, float]]] = {"1": [], "2": []}
        for number in range(options.rounds):
            for workers in (1, 2):
                rounds[str(workers)].append(_run(folder, workers, folder / f"out-{number}-{workers}"))
    result = {
        "recipe": options.recipe, "files": options.files, "size_px": options.size, "processors": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2), "rounds": rounds,
        "median": {workers: _medians(found) for workers, found in rounds.items()}, "ledger": _ledger_costs(),
    }  # fmt: skip
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["median"], indent=1))


def _prepare(folder: Path, name: str, files: int, size_px: int) -> None:
    recipe, draw = find_recipe(name), np.random.default_rng(0)
    torch.manual_seed(0)
    (folder / "model").mkdir()
    save_model(folder / "model", recipe, build_network(recipe.network).state_dict())
    (folder / "in").mkdir()
    for number in range(files):
        pixels = draw.integers(0, 65535, (size_px, size_px, 1), np.uint16)
        write_micrograph(folder / "in" / f"{number:05d}.tif", Micrograph(pixels, 5.0))


def _run(folder: Path, workers: int, out: Path) -> dict[str, float]:
    call = [sys.executable, "-c", WORKER, *map(str, (folder / "model", folder / "in", out))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment, "cwd": ROOT}
    started = [subprocess.Popen(call, **pipes) for _ in range(workers)]
    for process in started:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise RuntimeError("a process did not start")
    start = time.monotonic()
    for process in started:
        if process.stdin:
            process.stdin.write("go\n")
            process.stdin.flush()
    answers = [json.loads(process.communicate()[0]) for process in started]
    wall_s, files = time.monotonic() - start, sum(answer["done"] for answer in answers)
    cpu_s = sum(answer["cpu_s"] for answer in answers)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"wall_s": wall_s, "cpu_s": cpu_s, "files": files, "cores_used": cpu_s / wall_s, "peak_mb": peak_mb}


def _ledger_costs(entries: int = 100_000) -> dict[str, float]:
    """Measure the processor time that the ledger itself takes for very many files."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number:06d}.tif" for number in range(entries)]
        ledger, start = Ledger(Path(folder) / "out", {}), time.process_time()
        for file in files:
            with ledger.claimed(file, wait=False):
                ledger.append(Record(str(file), "", (), 1.0))
        each_s, start = (time.process_time() - start) / entries, time.process_time()
        again = Ledger(Path(folder) / "out", {})
        settled = sum(again.settled(file) is not None for file in files)
        for opened in (ledger, again):
            opened.close()
        return {"entries": settled, "each_ms": 1000 * each_s, "started_again_s": time.process_time() - start}


def _medians(found: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(one[key] for one in found), 3) for key in found[0]}


if __name__ == "__main__":
    main()

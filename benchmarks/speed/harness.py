"""What the benchmarks of speed share: rounds in which variants alternate, their medians and spread, and circumstances.

A machine whose speed drifts slows all variants of a round equally, so that ratios mean more than seconds.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PROGRAMS = ("torch", "numpy", "onnx", "onnxruntime", "openvino")
Measures = Mapping[str, float]
"""Numbers by name, with their unit; `cpu_s` is the processor time of the whole process."""


def measured(work: Callable[[], Any]) -> Measures:
    """Carry out some work once in this process."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - processor}


def in_a_process(script: Path, *arguments: str, tree: Path = ROOT, home: Path | None = None) -> Any:
    """Run a script with the packages of a source tree; returns the JSON in its last line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree), os.environ.get("PYTHONPATH", "")])}
    if home:
        environment["SEM_HOME"] = str(home)
    call = [sys.executable, str(script), *arguments]
    done = subprocess.run(call, cwd=tree, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def in_turns(
    variants: Mapping[str, Callable[[], Measures]], rounds: int, warm_up: int = 1
) -> dict[str, list[Measures]]:
    """Measure each variant once in every round, after `warm_up` rounds that are not counted."""
    found: dict[str, list[Measures]] = {name: [] for name in variants}
    for number in range(-warm_up, rounds):
        for name, variant in variants.items():
            measures = variant()
            if number >= 0:
                found[name].append(measures)
    return found


def summary(found: Mapping[str, Sequence[Measures]], ratio_of: str = "cpu_s") -> dict[str, dict[str, float]]:
    """Return medians, the spread of `ratio_of` as (largest - smallest) / median, and its ratio to the first variant.

    `times_as_fast` above 1: faster than the first.
    """
    first: float | None = None
    rows = {}
    for name, rounds in found.items():
        medians = {key: statistics.median(measures[key] for measures in rounds) for key in rounds[0]}
        values = [measures[ratio_of] for measures in rounds]
        first = first or medians[ratio_of]
        rows[name] = {key: _rounded(value) for key, value in medians.items()} | {
            "spread": round((max(values) - min(values)) / medians[ratio_of], 2),
            "times_as_fast": round(first / medians[ratio_of], 2),
        }
    return rows


def circumstances(rounds: int) -> dict[str, Any]:
    """Describe machine, versions, threads and commit."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "threads": int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        "device": "cpu",
        "load_average": round(os.getloadavg()[0], 1),
        "versions": {name: found for name in _PROGRAMS if (found := _version(name))},
        "commit": commit.stdout.strip(),
        "rounds": rounds,
    }


def store(script: str, result: Mapping[str, Any]) -> None:
    """Write the result as JSON beside the script, and print it."""
    text = json.dumps(result, indent=1)
    Path(script).with_suffix(".json").write_text(text + "\n")
    print(text)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()

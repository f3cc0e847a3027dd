"""Processor time of a whole prediction with tiles of a given or the chosen size, and with freed memory kept or not.

    python -m benchmarks.speed.prediction [--rounds N]

Networks have random weights. The image has 1400 x 1536 px. Variants alternate, each in a process of its own, so that
its peak of memory can be read. Ratios are those of the medians. Writes `prediction.json` next to this file.
"""

import argparse
import contextlib
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from sem_models.config.presets.table import find_recipe
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.networks.table import build_network

RECIPES = ("mrn-blind-small", "nafnet-denoise-small", "unet-translate-small", "srresnet-x4-small")
VARIANTS = {"256 px": (256, False), "256 px, kept": (256, True), "chosen": (None, False), "chosen, kept": (None, True)}
SIZES = {1: (1400, 1536), 4: (500, 600)}
"""Of the image, by scale."""


def main() -> None:
    """Measure, print and store; a child process measures one variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("RECIPE", "VARIANT"))
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(_measure(*chosen.one)))
        return
    found: dict[str, Any] = {"threads": torch.get_num_threads(), "rounds": chosen.rounds, "sizes": SIZES}
    for recipe in RECIPES:
        runs: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
        for _ in range(chosen.rounds):
            for variant, results in runs.items():
                results.append(_in_a_process(recipe, variant))
        found[recipe] = _summary(runs)
        print(recipe, found[recipe], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")


def _in_a_process(recipe: str, variant: str) -> dict[str, float]:
    call = [sys.executable, "-m", "benchmarks.speed.prediction", "--one", recipe, variant]
    result: dict[str, float] = json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return result


def _measure(recipe_name: str, variant: str) -> dict[str, float]:
    tile, kept = VARIANTS[variant]
    recipe = find_recipe(recipe_name)
    network = build_network(recipe.network).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model = RestorationModel(recipe, network, recipe_name)
    size = SIZES[model.capabilities.scale]
    image = np.random.default_rng(0).random((model.capabilities.channels_in, *size), np.float32)
    start = time.process_time()
    usual = mock.patch("sem_models.inference.tiling.stream.freed_memory_kept", contextlib.nullcontext)
    with contextlib.nullcontext() if kept else usual:
        Predictor(model, "cpu", tile).predict_unit(image)
    return {
        "cpu_s": time.process_time() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _summary(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    seconds = {variant: statistics.median(run["cpu_s"] for run in results) for variant, results in runs.items()}
    first = next(iter(seconds.values()))
    return {
        variant: {
            "cpu_s": round(seconds[variant], 2),
            "peak_mb": round(max(run["peak_mb"] for run in results)),
            "times_as_fast": round(first / seconds[variant], 2),
        }
        for variant, results in runs.items()
    }


if __name__ == "__main__":
    main()

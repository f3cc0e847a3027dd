"""Processor time of a whole prediction with tiles of a given or the chosen size, and with freed memory kept or not.

    python -m benchmarks.speed.prediction [--rounds N]

Networks have random weights. The image has 1400 x 1536 px. Variants alternate, each in a process of its own, so that
its peak of memory can be read. Ratios are those of the medians. Writes `prediction.json` next to this file.
"""

import argparse
import contextlib
import json
import resource
import time
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from benchmarks.speed.harness import circumstances, in_a_process, in_turns, store, summary
from sem_models.config.presets.table import find_recipe
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.networks.table import build_network

RECIPES = ("mrn-blind-small", "nafnet-denoise-small", "unet-translate-small", "srresnet-x4-small")
VARIANTS = {"256 px": (256, False), "256 px, kept": (256, True), "chosen": (None, False), "chosen, kept": (None, True)}
SCRIPT = Path(__file__)
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
    found: dict[str, Any] = {**circumstances(chosen.rounds), "sizes": SIZES, "networks": {}}
    for recipe in RECIPES:
        alone = {variant: partial(in_a_process, SCRIPT, "--one", recipe, variant) for variant in VARIANTS}
        found["networks"][recipe] = summary(in_turns(alone, chosen.rounds, warm_up=0))
    store(__file__, found)


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


if __name__ == "__main__":
    main()

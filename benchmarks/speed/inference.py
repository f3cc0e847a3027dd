"""Time of the predictor with different memory formats and tile sizes, on this machine.

    python benchmarks/speed/inference.py [--rounds N]

Variants alternate, so that a machine whose speed drifts slows all of them equally. Ratios are those of the medians.
Writes `inference.json` next to this file.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.table import capabilities as facts_of
from sem_models.config.presets.table import find_recipe
from sem_models.inference.predictor import Predictor, choose_device
from sem_models.networks.table import build_network

SIZE = 384


class Variant:
    """A randomly initialised network in one memory format."""

    def __init__(self, recipe: str, channels_last: bool) -> None:
        config = find_recipe(recipe).network
        self.name = recipe
        self.capabilities: Capabilities = replace(facts_of(config), channels_last=channels_last)
        network = build_network(config).eval().to(choose_device())
        self._network = network.to(memory_format=torch.channels_last) if channels_last else network  # type: ignore[call-overload]

    def __call__(self, x: Tensor) -> Tensor:
        """Apply the network."""
        result: Tensor = self._network(x)
        return result


def variants(recipe: str) -> dict[str, Callable[[NDArray[np.float32]], Any]]:
    """Variants by name; the first is the default, to which all ratios refer."""
    fast, plain = Variant(recipe, True), Variant(recipe, False)
    return {
        "channels_last, tile 256": Predictor(fast, tile=256).predict_unit,
        "contiguous, tile 256": Predictor(plain, tile=256).predict_unit,
        "channels_last, tile 96": Predictor(fast, tile=96).predict_unit,
        "channels_last, whole image": Predictor(fast, tile=SIZE).predict_unit,
    }


def measure(recipe: str, rounds: int) -> dict[str, Any]:
    """Median seconds of each variant and its ratio to the first."""
    image = np.random.default_rng(0).random((1, SIZE, SIZE), np.float32)
    runs = variants(recipe)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for count in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run(image)
            if count:
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    first = next(iter(medians.values()))
    return {name: {"median_s": round(value, 3), "ratio": round(value / first, 2)} for name, value in medians.items()}


def main() -> None:
    """Measure two small networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    result: dict[str, Any] = {
        "machine": platform.machine(),
        "device": choose_device(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "input_px": SIZE,
        "rounds": rounds,
    }
    for recipe in ("vdsr-x4-small", "srresnet-x4-small"):
        result[recipe] = measure(recipe, rounds)
    text = json.dumps(result, indent=1)
    Path(__file__).with_suffix(".json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()

"""Time of the predictor with different memory formats and tile sizes, on this machine.

    python -m benchmarks.speed.inference [--rounds N]

Writes `inference.json` next to this file.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.speed.harness import circumstances, in_turns, measured, store, summary
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
    """Return times of each variant, and their ratio to those of the first."""
    image = np.random.default_rng(0).random((1, SIZE, SIZE), np.float32)
    runs = {name: partial(measured, partial(run, image)) for name, run in variants(recipe).items()}
    return summary(in_turns(runs, rounds))


def main() -> None:
    """Measure two small networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    result: dict[str, Any] = {**circumstances(rounds), "input_px": SIZE, "networks": {}}
    for recipe in ("vdsr-x4-small", "srresnet-x4-small"):
        result["networks"][recipe] = measure(recipe, rounds)
    store(__file__, result)


if __name__ == "__main__":
    main()

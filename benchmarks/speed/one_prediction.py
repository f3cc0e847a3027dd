"""One prediction from file to file in a process of its own; prints its measures as JSON.

    python benchmarks/speed/one_prediction.py RECIPE IMAGE BACKEND

Runs with the packages of earlier commits as well, for which BACKEND is `default`. The network has random weights.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from sem_models.inference.predictor import Predictor
from sem_models.networks.table import build_network

try:
    from sem_models.config.presets.table import find_recipe
    from sem_models.images.io.read import read_micrograph
    from sem_models.inference.model import RestorationModel
except ImportError:  # Version 0.1.
    from sem_models.images.read import read_micrograph  # type: ignore[import-not-found,no-redef]
    from sem_models.recipes.table import find_recipe  # type: ignore[import-not-found,no-redef]
    from sem_models.trained import RestorationModel  # type: ignore[import-not-found,no-redef]


def random_model(recipe_name: str) -> RestorationModel:
    """Return a model whose layers all matter; an untrained one may return its input."""
    recipe = find_recipe(recipe_name)
    network = build_network(recipe.network).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return RestorationModel(recipe, network, recipe_name)


def peak_mb() -> float:
    """Return the most memory that this process has had; that of `getrusage` may be of the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Predict once."""
    recipe, image, backend = sys.argv[1:]
    model = random_model(recipe)
    options: dict[str, Any] = {} if backend == "default" else {"backend": backend}
    with tempfile.TemporaryDirectory() as folder:
        wall, processor = time.perf_counter(), time.process_time()
        predictor = Predictor(model, "cpu", **options)
        step = predictor.predict_to_file(read_micrograph(Path(image)), Path(folder) / "out.tif")
        found = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - processor}
    print(json.dumps({**found, "peak_mb": peak_mb(), "used": getattr(step, "backend", "") or "PyTorch"}))


if __name__ == "__main__":
    main()

"""Predictions from file to file with and without backends, and with the program of an earlier commit.

    python -m benchmarks.speed.backends [--rounds N] [--edge PX] [--before COMMIT]

With OMP_NUM_THREADS=1 and the defaults this takes about ten minutes on two cores. The output has EDGE x EDGE px. Each
prediction runs in a process of its own; variants alternate. `auto` knows what was measured for the network before, as
after its first use; what that costs is `probe_s`. Ratios are those of processor
time, because other programs may share the machine. `forward_share` is the time that the backend alone needs for the
pixels of the image, without halos, over that of the whole prediction.
Writes `backends.json` next to this file.
"""

import argparse
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed.harness import ROOT, Measures, circumstances, in_a_process, in_turns, measured, store, summary
from benchmarks.speed.one_prediction import random_model
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.backends.graph import graph_of
from sem_models.inference.backends.probe import compiled, noise_tile, probe, shape_of
from sem_models.inference.backends.record import Record, remember
from sem_models.inference.backends.table import BACKENDS
from sem_models.inference.model import RestorationModel
from sem_models.inference.tiling.tiles import run_batch
from sem_models.memory import freed_memory_kept

RECIPES = (
    "nafnet-denoise-small",
    "mrn-blind-small",
    "unet-translate-small",
    "vdsr-x4-small",
    "srresnet-x4-small",
)
CHILD = Path(__file__).with_name("one_prediction.py")
CHOICES = ("torch", "auto", "openvino")
_MATRIX = 2048


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--edge", type=int, default=2048)
    parser.add_argument("--before", default="2d480d1", help="commit to compare with")
    parser.add_argument("--only", nargs="*", default=RECIPES)
    chosen = parser.parse_args()
    rate = matrix_rate()
    found: dict[str, Any] = {
        **circumstances(chosen.rounds),
        "edge_px": chosen.edge,
        "before": chosen.before,
        "networks": {},
    }
    found["matrix_gflop_per_cpu_s"] = round(rate / 1e9, 1)
    with tempfile.TemporaryDirectory() as place:
        earlier, home = Path(place) / "before", Path(place) / "home"
        subprocess.run(["git", "worktree", "add", "-q", "--detach", earlier, chosen.before], cwd=ROOT, check=True)
        try:
            for recipe in chosen.only:
                found["networks"][recipe] = measure(recipe, chosen.edge, chosen.rounds, earlier, home, rate)
                store(__file__, found)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", earlier], cwd=ROOT, check=True)


def measure(recipe: str, edge: int, rounds: int, earlier: Path, home: Path, rate: float) -> dict[str, Any]:
    """Measure one network; `rate` is that of matrix products, in operations per second."""
    model = random_model(recipe)
    facts = model.capabilities
    size = edge // facts.scale
    image = home / "image.tif"
    home.mkdir(exist_ok=True)
    grey = np.random.default_rng(0).integers(0, 65536, (size, size, facts.channels_in)).astype(np.uint16)
    write_micrograph(image, Micrograph(grey))
    record, probe_s = _probed(model, home)
    used: dict[str, str] = {}

    def predict(name: str, choice: str, tree: Path) -> Measures:
        result = in_a_process(CHILD, recipe, str(image), choice, tree=tree, home=home)
        used[name] = result.pop("used")
        return result  # type: ignore[no-any-return]

    predict("openvino", "openvino", ROOT)  # Exports the network for its tiles.
    variants = {"before": partial(predict, "before", "default", earlier)}
    variants |= {choice: partial(predict, choice, choice, ROOT) for choice in CHOICES}
    rows: dict[str, Any] = summary(in_turns(variants, rounds, warm_up=0))
    operations = _operations(model)
    for name, row in rows.items():
        row["used"] = used[name]
    fastest = "openvino" if record.best == "torch" else record.best
    seconds = _forward_s(model, fastest) * size * size
    return {
        "input_px": size,
        "probe_s": round(probe_s, 1),
        "probe": record.model_dump(include={"pixels", "torch_s", "backends_s", "refused", "export_s", "compile_s"}),
        "rows": rows,
        "forward_share": {"backend": fastest, "openvino": round(seconds / rows["openvino"]["cpu_s"], 2)},
        "multiply_adds_per_px": round(operations / 2),
        "share_of_matrix_rate": {
            name: round(operations * size * size / row["cpu_s"] / rate, 2) for name, row in rows.items()
        },
    }


def matrix_rate() -> float:
    """Return the operations per second of processor time of a large product of matrices."""
    one = torch.rand(_MATRIX, _MATRIX)
    product = partial(torch.mm, one, one, out=torch.empty_like(one))
    seconds = min(measured(product)["cpu_s"] for _ in range(4))
    return 2.0 * float(_MATRIX) ** 3 / seconds


def _eager(model: RestorationModel) -> Any:
    return partial(run_batch, model, device=torch.device("cpu"))


def _probed(model: RestorationModel, home: Path) -> tuple[Record, float]:
    """Measure the backends as the first large image of a network does."""
    import os

    os.environ["SEM_HOME"] = str(home)
    start = time.perf_counter()
    with freed_memory_kept():
        record = probe(model, _eager(model), BACKENDS)
    remember(model, record)
    return record, time.perf_counter() - start


def _operations(model: RestorationModel) -> float:
    """Count the operations for each input pixel: two for each multiply-add."""
    tile = torch.from_numpy(noise_tile(model))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(tile)
    return float(counter.get_total_flops()) / (tile.shape[2] * tile.shape[3])


def _forward_s(model: RestorationModel, name: str) -> float:
    """Return the seconds of processor time that a backend needs for each input pixel of a tile of noise."""
    tile = noise_tile(model)
    (backend,) = (known for known in BACKENDS if known.name == name)
    run = compiled(backend, graph_of(model, shape_of(tile)))
    run(tile)
    seconds: float = min(measured(partial(run, tile))["cpu_s"] for _ in range(3))
    return seconds / float(tile.shape[2] * tile.shape[3])


if __name__ == "__main__":
    main()

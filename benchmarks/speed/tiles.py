"""Pixels that are computed for a 4096 x 4096 image, over those of the image, with the tiles that are chosen for it.

    python -m benchmarks.speed.tiles [--only RECIPE ...]

Each preset's network is built with random weights; its memory for each pixel and its halo are measured as the predictor
does, for 2 GB. Strips of a network that overlap count as well: the operations that they repeat stand in the same ratio.
Beside it stands the rule of version 0.1: tiles of 256 px with an overlap of three halos. Nothing is timed. The starter
models, which are trained, have rows of their own.
Adds to `tiles.json` next to this file.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed.one_prediction import random_model
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.inference.model import RestorationModel
from sem_models.inference.tiling.measure_halo import measure_halo
from sem_models.inference.tiling.memory import pixels_that_fit
from sem_models.inference.tiling.plan import best_tile, plan_axis
from sem_models.inference.tiling.stream import overlap_of
from sem_models.inference.tiling.tiles import TileSource
from sem_models.memory import freed_memory_kept
from sem_models.starters.shelf import STARTERS, load_starter

EDGE = 4096
BUDGET = 2 * 10**9
_OLD_TILE = 256
_CPU = torch.device("cpu")
_STRIPE = 512, 64


def main() -> None:
    """Compute, print and store one row for each network whose images are computed in tiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [recipe.name for recipe in RECIPES.values() if recipe.network.kind != "diffusion-unet"]
    parser.add_argument("--only", nargs="*", default=[*names, *(f"starter {name}" for name in STARTERS)])
    path, done = Path(__file__).with_suffix(".json"), dict[str, dict[str, Any]]()
    for name in parser.parse_args().only:
        model = _model(name)
        key = repr(model.recipe.network) + (name if name.startswith("starter ") else "")
        with freed_memory_kept():
            done[key] = row = done.get(key) or _row(model)
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, name: row}, indent=1) + "\n")
        print(name, row, flush=True)


def _model(name: str) -> RestorationModel:
    if name.startswith("starter "):
        return load_starter(name.removeprefix("starter "))
    return random_model(name)


def _row(model: RestorationModel) -> dict[str, float]:
    """Return halos and pixels of one network."""
    stated, found = model.capabilities, measure_halo(model, _CPU)
    measured = replace(model, halo=found)
    facts = measured.capabilities
    image = TileSource(np.zeros((facts.channels_in, EDGE, EDGE), np.float32), None)
    most = pixels_that_fit(measured, image, _CPU, BUDGET)
    tile = _tile(facts, most)
    return {
        "stated_halo_px": stated.halo,
        "halo_px": facts.halo,
        "halo_error": float(f"{found.error:.1e}"),
        "tile_height_px": tile[0],
        "tile_width_px": tile[1],
        "strips": (strips := _repeated_by_strips(measured)),
        "computed_before": _computed((_OLD_TILE + 2 * stated.halo,) * 2, 3 * stated.halo + 1, stated),
        "computed_with_stated_halo": round(strips * _computed(_tile(stated, most), overlap_of(stated), stated), 2),
        "computed": round(strips * _computed(tile, overlap_of(facts), facts), 2),
    }


def _tile(facts: Capabilities, most_pixels: int) -> tuple[int, int]:
    if facts.tiling == "discouraged":
        return EDGE, EDGE
    return best_tile((EDGE, EDGE), overlap_of(facts), facts.size_multiple, most_pixels)


def _computed(tile: tuple[int, int], overlap: int, facts: Capabilities) -> float:
    spans = [plan_axis(EDGE, edge, overlap, facts.size_multiple) for edge in tile]
    pixels = [len(axis) * axis[0].size for axis in spans]
    return round(pixels[0] * pixels[1] / EDGE**2, 2)


def _repeated_by_strips(model: RestorationModel) -> float:
    """Return the operations for a piece of an image over those without strips, in which a gradient is computed."""
    facts = capabilities(model.recipe.network)
    rows, columns = (-(-edge // facts.size_multiple) * facts.size_multiple for edge in _STRIPE)
    piece = torch.empty(1, facts.channels_in, rows, columns, device="meta")
    counts: list[float] = []
    network = model.network.to("meta")
    for mode in (torch.inference_mode, torch.no_grad):
        with mode(), FlopCounterMode(display=False) as counter:
            network(piece)
        counts.append(counter.get_total_flops())
    repeated: float = round(counts[0] / max(counts[1], 1.0), 3)
    return repeated


if __name__ == "__main__":
    main()

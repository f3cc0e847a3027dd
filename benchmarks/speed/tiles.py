"""Pixels that are computed for a 4096 x 4096 image, over those of the image, with the tiles that are chosen for it.

    python -m benchmarks.speed.tiles

Each preset's network is built with random weights, and its memory for each pixel is measured as the predictor does,
for 2 GB; tiles have at least 256 px without the halo. Beside it stands the rule of version 0.1: tiles of 256 px with an
overlap of three halos. Nothing is timed.
Writes `tiles.json` next to this file.
"""

import json
from pathlib import Path

import numpy as np
import torch

from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.inference.model import RestorationModel
from sem_models.inference.tiling.memory import pixels_that_fit
from sem_models.inference.tiling.plan import best_tile, plan_axis
from sem_models.inference.tiling.stream import overlap_of
from sem_models.inference.tiling.tiles import TileSource
from sem_models.networks.table import build_network

EDGE = 4096
BUDGET = 2 * 10**9
_OLD_TILE = 256


def main() -> None:
    """Compute, print and store one row for each network whose images are computed in tiles."""
    rows = {}
    for recipe in RECIPES.values():
        if recipe.network.kind != "diffusion-unet":
            rows[recipe.name] = _row(recipe)
            print(recipe.name, rows[recipe.name], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")


def _row(recipe: Recipe) -> dict[str, float]:
    network = build_network(recipe.network).eval()
    model = RestorationModel(recipe, network, recipe.name)
    facts = model.capabilities
    image = TileSource(np.zeros((facts.channels_in, EDGE, EDGE), np.float32), None)
    most = pixels_that_fit(model, image, torch.device("cpu"), BUDGET)
    tile = best_tile((EDGE, EDGE), overlap_of(facts), facts.size_multiple, most)
    return {
        "halo_px": facts.halo,
        "tile_height_px": tile[0],
        "tile_width_px": tile[1],
        "computed_before": _computed((_OLD_TILE + 2 * facts.halo,) * 2, 3 * facts.halo + 1, facts),
        "computed": _computed(tile, overlap_of(facts), facts),
    }


def _computed(tile: tuple[int, int], overlap: int, facts: Capabilities) -> float:
    spans = [plan_axis(EDGE, edge, overlap, facts.size_multiple) for edge in tile]
    pixels = [len(axis) * axis[0].size for axis in spans]
    return round(pixels[0] * pixels[1] / EDGE**2, 2)


if __name__ == "__main__":
    main()

"""How soon the viewer shows a large image, against reading its file, and the memory it keeps.

    python -m benchmarks.speed.viewer [--edge PX] [--rounds N]

An image of EDGE x EDGE px of 16 bits (20,000) is written as a TIFF and read. Then everything is computed that the
first view of a browser needs: the pyramid, histogram and display window, and the tiles of the coarsest level. Once the
pyramid is stored, 200 tiles anywhere in it are sent. Writes `viewer.json` next to this file.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
import tifffile

from pipelines.viewing.codes import encode
from pipelines.viewing.pyramid import ImageFacts, Pyramid, build_pyramid
from pipelines.viewing.store import PyramidStore
from pipelines.viewing.tiles import TILE_PX, compressed, tile, tile_bytes
from sem_models.images.io.read import read_micrograph

_TILES = 200
T = TypeVar("T")


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time and of waiting."""

    cpu_s: float
    wall_s: float


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.tif"
        _write(file, options.edge)
        rounds = [_measure(file, Path(folder) / f"pyramids-{number}") for number in range(options.rounds)]
    result: dict[str, Any] = {
        "edge_px": options.edge,
        "rounds": options.rounds,
        "processors": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        **{part: _median([one[part] for one in rounds]) for part in ("read", "first_view", "tile")},
        "grown_mb": round(statistics.median(one["grown_mb"] for one in rounds)),
        "image_mb": round(options.edge**2 * 2 / 1e6),
    }
    result["first_view_over_read"] = round(result["first_view"]["cpu_s"] / result["read"]["cpu_s"], 2)
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def _write(file: Path, edge: int) -> None:
    """Write noise of 12 bits on a slope, whose tiles compress as badly as those of a recorded image."""
    block = np.random.default_rng(0).integers(8000, 12000, (1000, edge), np.uint16)
    slope = np.arange(edge, dtype=np.uint16) % 20_000
    tifffile.imwrite(file, np.tile(block + slope, (-(-edge // 1000), 1))[:edge], photometric="minisblack")


def _measure(file: Path, folder: Path) -> dict[str, Any]:
    began = _private_bytes()
    store = PyramidStore(folder, most_bytes=1 << 40)
    spent, pixels = _timed(lambda: np.array(read_micrograph(file).pixels[..., 0]))
    first, pyramid = _timed(partial(_first_view, store, pixels))
    del pixels
    store.settle()
    tiles, _ = _timed(partial(_anywhere, pyramid))
    shutil.rmtree(folder)
    return {
        "read": spent,
        "first_view": first,
        "tile": Spent(tiles.cpu_s / _TILES, tiles.wall_s / _TILES),
        "grown_mb": (_private_bytes() - began) / 1e6,
    }


def _first_view(store: PyramidStore, pixels: np.ndarray) -> Pyramid:
    pyramid = store.get("large", lambda: build_pyramid(*encode(pixels), ImageFacts("uint16")))
    _ = pyramid.summary
    compressed(tile_bytes(tile(pyramid, len(pyramid.levels) - 1, 0, 0)))
    return pyramid


def _anywhere(pyramid: Pyramid) -> None:
    places = np.random.default_rng(1).integers(0, pyramid.width // TILE_PX, (_TILES, 2))
    for column, row in places:
        compressed(tile_bytes(tile(pyramid, 0, int(column), int(row))))


def _timed(call: Callable[[], T]) -> tuple[Spent, T]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = call()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall), found


def _private_bytes() -> int:
    """Return the memory of this process without what is only mapped from files, which the system takes back freely."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - memory.shared)


def _median(spent: list[Spent]) -> dict[str, float]:
    return {name: round(statistics.median(getattr(one, name) for one in spent), 4) for name in asdict(spent[0])}


if __name__ == "__main__":
    main()

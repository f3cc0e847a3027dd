"""Measured halos of the starter models, checked on real micrographs that they were not measured with.

    python -m benchmarks.speed.halos [--data FOLDER]

Of each folder of the shared images the first, the middle and the last file that is large enough are used. The middle of
each is computed as a whole and as a tile. Writes `halos.json` next to this file.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.runner import ROOT
from sem_models.config.networks.capabilities import Capabilities
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.inference.halo import EXACT
from sem_models.inference.model import RestorationModel
from sem_models.inference.tiling.measure_halo import errors_by_distance, measure_halo, test_edge_px
from sem_models.starters.shelf import STARTERS, load_starter

RESULT = Path(__file__).with_suffix(".json")
SUFFIXES = (".tif", ".tiff", ".png", ".jpg")
LEAST_PX = 400
_CPU = torch.device("cpu")


def real_images(data: Path) -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
    """Yield grey images in [0, 1]; what is outside of 99.8 % of the grey levels is clipped."""
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
        for file in {files[0], files[len(files) // 2], files[-1]} if files else ():
            try:
                pixels = read_micrograph(file).pixels[..., 0].astype(np.float32)
            except UserError:
                continue
            if min(pixels.shape) >= LEAST_PX:
                low, high = np.percentile(pixels, [0.1, 99.9])
                yield np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32)


def planes(image: np.ndarray[Any, np.dtype[np.float32]], facts: Capabilities) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Cut the middle, and repeat it for each channel; a strength is its default."""
    edge = test_edge_px(facts)
    top, left = ((size - edge) // 2 for size in image.shape)
    stack = [image[top : top + edge, left : left + edge]] * (facts.channels_in - (facts.strength is not None))
    if facts.strength:
        stack.append(np.full((edge, edge), facts.strength.default_px, np.float32))
    return np.stack(stack)


def checked(name: str, images: list[np.ndarray[Any, np.dtype[np.float32]]]) -> dict[str, Any]:
    """Errors at the measured halo of a starter model."""
    starter = load_starter(name)
    bare = RestorationModel(starter.recipe, starter.network, starter.name)
    facts, halo = bare.capabilities, measure_halo(bare, _CPU)
    curves = [errors_by_distance(bare, [planes(image, facts)], _CPU) for image in images]
    errors = [float(curve[halo.px]) for curve in curves]
    return {
        "receptive_field_px": facts.receptive_field,
        "stated_halo_px": facts.halo,
        "halo_px": halo.px,
        "error_on_test_images": float(f"{halo.error:.1e}"),
        "median_error_on_real_images": float(f"{np.median(errors):.1e}"),
        "largest_error_on_real_images": float(f"{max(errors):.1e}"),
        "images": len(errors),
        "above_1e-5": sum(error > EXACT for error in errors),
    }


def main() -> None:
    """Check all starter models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    images, found = list(real_images(parser.parse_args().data)), {}
    for name in STARTERS:
        found[name] = checked(name, images)
        print(name, found[name], flush=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

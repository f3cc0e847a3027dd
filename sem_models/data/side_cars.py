"""Pixel sizes of raw files, from the file itself or from a BIDS side-car."""

import json
from pathlib import Path

from sem_models.images.micrograph import Micrograph
from sem_models.images.units import to_nm


def pixel_size_nm(path: Path, micrograph: Micrograph) -> float | None:
    """From the image file, else from a BIDS side-car (`PixelSize`, `PixelSizeUnits`) that is about this image."""
    if micrograph.pixel_size_nm:
        return micrograph.pixel_size_nm
    for side_car in _side_cars(path):
        try:
            facts = json.loads(side_car.read_text())
            size = facts["PixelSize"]
            value = float(size[0] if isinstance(size, list) else size)
            return to_nm(value, str(facts.get("PixelSizeUnits", "um")))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
    return None


def _side_cars(path: Path) -> list[Path]:
    """Inheritance of BIDS: a JSON file is about every image beside it whose name has all parts of its own name."""
    parts = set(path.stem.split("_"))
    fitting = [place for place in path.parent.glob("*.json") if set(place.stem.split("_")) <= parts]
    return sorted(fitting, key=lambda place: -len(place.stem.split("_")))

"""Four sets of real micrographs under one roof: plants, powders, coatings and axons."""

import shutil
from pathlib import Path

GROUPS = r"^(plant_[A-Za-z]+\d+|powder_Sc\d+|coating_(?:\d+-\d+|S879)|axon_sub-rat\d+)"
"""A specimen: plant, powder lot, coating sample, rat."""
SEED = 8
"""The first seed whose test split holds two specimens at least of each of the four sets."""
_FOLDERS = {
    "plant": ("plant_stem_sem_databar/images", "*.tif"),
    "powder": ("ampis_powder_sem/images", "*.png"),
    "coating": ("nasa_ebc_bse/images", "*.png"),
    "axon": ("axon_myelin_sem", "sub-*/micr/*_SEM.*"),
}


def gather(data: Path, target: Path) -> None:
    """Copy every image, and the side-cars with pixel sizes, into `target` with its set in front of its name."""
    target.mkdir(parents=True, exist_ok=True)
    for name, (folder, pattern) in _FOLDERS.items():
        for path in sorted((data / folder).glob(pattern)):
            copy = target / f"{name}_{path.name}"
            if not copy.exists():
                shutil.copyfile(path, copy)


def set_of(image: str) -> str:
    """The set that an image of the pool belongs to."""
    return image.partition("_")[0]

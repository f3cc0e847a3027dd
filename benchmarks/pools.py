"""Pooled sets of real micrographs, split by specimen, on which the benchmark tables are computed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

_FOLDERS = {
    "plant": ("plant_stem_sem_databar/images", "*.tif"),
    "powder": ("ampis_powder_sem/images", "*.png"),
    "coating": ("nasa_ebc_bse/images", "*.png"),
    "axon": ("axon_myelin_sem", "sub-*/micr/*_SEM.*"),
    "superalloy": ("nasa_superalloy_sem/images", "*.png"),
}


@dataclass(frozen=True)
class Pool:
    """Several sets combined into one dataset."""

    dataset: str
    sets: tuple[str, ...]
    groups: str
    """Regular expression for the specimen in a name: plant, powder lot, coating sample, rat, alloy or spot on it."""
    seed: int

    def gather(self, data: Path, target: Path) -> None:
        """Copy all images, and the side-car files with pixel sizes, into `target`; the set becomes a name prefix."""
        target.mkdir(parents=True, exist_ok=True)
        for name in self.sets:
            folder, pattern = _FOLDERS[name]
            for path in sorted((data / folder).glob(pattern)):
                copy = target / f"{name}_{path.name}"
                if not copy.exists():
                    shutil.copyfile(path, copy)


FOUR = Pool(
    dataset="sem4",
    sets=("plant", "powder", "coating", "axon"),
    groups=r"^(plant_[A-Za-z]+\d+|powder_Sc\d+|coating_(?:\d+-\d+|S879)|axon_sub-rat\d+)",
    seed=8,
)
"""The seed is the first whose test split contains at least two specimens of each of the four sets."""
THREE = Pool(
    dataset="sem3",
    sets=("plant", "powder", "superalloy"),
    groups=r"^(plant_[A-Za-z]+\d+|powder_Sc\d+|superalloy_(?:spot\d+|[^_]+))",
    seed=0,
)
"""The seed is the first whose validation and test splits contain each of the three sets."""


def set_of(image: str) -> str:
    """The set to which an image of a pool belongs."""
    return image.partition("_")[0]

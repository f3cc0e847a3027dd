"""Inpainting of scan lines on five real sets: three seeds of `inpaint-lines-small`, to be compared with interpolation.

    python -m benchmarks.inpainting.table --data FOLDER [--home FOLDER] [--jobs N]

Powders, coatings, superalloys, plants and tissue (transmission) are pooled and split by specimen. Writes `table.json`;
`measure.py` scores the runs.
"""

import re
import shutil
from pathlib import Path

from benchmarks.runner import Job, Table, command, options

DATASET = "lines"
GROUPS = r"^([a-z]+-[^_]+)__"
SPLIT_SEED = 5
"""The first seed whose test split contains all five sets; chosen before any training."""
SEEDS = (0, 1, 2)
SAME = ("train.steps=1500", "train.validate_every=750")
JOBS = tuple(Job(f"seed {seed}", "inpaint-lines-small", DATASET, seed=seed, inputs=()) for seed in SEEDS)
_SETS = {
    "powder": ("ampis_powder_sem/images/*.png", r"(Sc\d)"),
    "coating": ("nasa_ebc_bse/images/*.png", r"([^_]+)_"),
    "alloy": ("nasa_superalloy_sem/images/*.png", r"([a-zA-Z0-9]+)_"),
    "plant": ("plant_stem_sem_databar/images/*.tif", r"([A-Za-z]\d+)-"),
}
_TISSUE = "vnc_sstem/stack1/raw/*.tif"
_BLOCK = 4
"""Consecutive sections of the tissue are nearly identical, so this many of them count as one specimen."""


def gather(data: Path, target: Path) -> None:
    """Copy all images; set and specimen become a name prefix."""
    target.mkdir(parents=True, exist_ok=True)
    for name, (pattern, specimen) in _SETS.items():
        for path in sorted(data.glob(pattern)):
            found = re.match(specimen, path.name)
            if found is None:
                raise ValueError(f"{path.name}: no specimen in its name")
            shutil.copyfile(path, target / f"{name}-{found[1].lower()}__{path.name}")
    for index, path in enumerate(sorted(data.glob(_TISSUE))):
        shutil.copyfile(path, target / f"tissue-{index // _BLOCK}__{path.name}")


def main() -> None:
    """Prepare the pool, then train what is missing."""
    chosen = options(__doc__)
    if not (chosen.home / "datasets" / DATASET).exists():
        raw = chosen.home / f"raw-{DATASET}"
        gather(chosen.data, raw)
        command("prepare", str(raw), "--name", DATASET, "--seed", str(SPLIT_SEED), "--group-by", GROUPS)
    Table(Path(__file__).with_name("table.json"), "inpainting", SAME).run(JOBS, chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()

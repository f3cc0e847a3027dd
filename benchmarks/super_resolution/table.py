"""All super-resolution methods on four real sets: same images, same degradation, same number of patches.

    python -m benchmarks.super_resolution.table --data FOLDER [--home FOLDER] [--jobs N] [--only NAME ...]

FOLDER contains the four sets. They are pooled into one dataset and split by specimen. Each method is trained on the
pool, once for each seed, and scored on the whole test images, through the command line. An ablation of SINSR-GB
follows. Finished runs are kept, so the command can be stopped and called again. Writes `table.json`, which names the
MLflow runs; `summarise.py` reads the scores from them.
"""

from pathlib import Path

from benchmarks.pools import FOUR
from benchmarks.runner import Job, Table, options, prepare

EXPERIMENT = "super-resolution-x4"
SAME = ("train.batch=8", "train.patch=96", "train.steps=2000", "train.validate_every=100000")
LEADING = ("srresnet-x4-small", "esrgan-x4-small", "sinsr-gb-x4-small")
METHODS = (
    "vdsr-x4-small", "srresnet-x4-small", "swinir-x4-small", "srgan-x4-small", "esrgan-x4-small",
    "spsr-x4-small", "sinsr-x4-small", "sinsr-gb-x4-small",
)  # fmt: skip
JOBS = (
    *(Job(f"{recipe} 0", recipe, FOUR.dataset) for recipe in METHODS),
    Job("dsrvae-x4-small 0", "dsrvae-x4-small", FOUR.dataset, changes=("train.patch=128",)),
    *(Job(f"{recipe} {seed}", recipe, FOUR.dataset, seed) for seed in (1, 2) for recipe in LEADING),
)
PARTS = ("perceptual_levels", "gradient", "gradient2", "tv", "dssim", "gradient_branch")
_FULL = "sinsr-gb-x4-small"


def _without(name: str, *changes: str) -> Job:
    """Only the adversarial stage is trained, a fifth of 500 steps; all runs start from the same pixel stage."""
    return Job(f"ablation: {name}", _FULL, FOUR.dataset, changes=("train.steps=500", *changes), init=f"{_FULL} 0")


ABLATION = (
    _without("all parts"),
    _without("without adversarial", "adversarial.weight=0"),
    *(_without(f"without {part}", f"adversarial.losses.{part}=0") for part in PARTS),
)


def main() -> None:
    """Prepare the pool, then train what is missing, several at a time."""
    chosen = options(__doc__)
    prepare(FOUR, chosen.data, chosen.home)
    table = Table(Path(__file__).with_name("table.json"), EXPERIMENT, SAME)
    table.run(JOBS, chosen.jobs, chosen.only)
    table.run(ABLATION, chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()

"""The three questions of refocusing on three real sets: known blur, unknown blur, only where it is blurred.

    python -m benchmarks.refocusing.table --data FOLDER [--home FOLDER] [--jobs N] [--only NAME ...]

Plants, powders and superalloys are pooled, split by specimen; each model is trained on the pool and scored on whole
test images, by the command line alone: as it was trained, at four sizes of blur over the whole image, on images of
which a part is blurred, and on images that are sharp. Writes `table.json`; `summarise.py` reads the scores back.
"""

from pathlib import Path

from benchmarks.pools import THREE
from benchmarks.runner import Job, Table, options, prepare

EXPERIMENT = "refocusing"
SAME = ("train.batch=8", "train.patch=96", "train.steps=3000", "train.validate_every=100000")
SIZES = (1, 2, 3, 4)
AT_SIZE = tuple((f"degradation.blur.size_px={size},{size}", "degradation.blur.region=whole") for size in SIZES)
PARTIAL = ("degradation.blur.size_px=0.5,4", "degradation.blur.region=partial", "degradation.blur.sharp_share=0")
SHARP = ("degradation.blur.size_px=0.5,4", "degradation.blur.region=partial", "degradation.blur.sharp_share=1")
RECIPES = ("srn-known-small", "mrn-blind-small", "mrn-discriminative-small")
JOBS = tuple(Job(recipe, recipe, THREE.dataset, inputs=((), *AT_SIZE, PARTIAL, SHARP)) for recipe in RECIPES)


def main() -> None:
    """Prepare the pool, then train and score what is missing."""
    chosen = options(__doc__)
    prepare(THREE, chosen.data, chosen.home)
    Table(Path(__file__).with_name("table.json"), EXPERIMENT, SAME).run(JOBS, chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()

"""Denoising with and without clean images on four real sets, for white noise and for noise along scan lines.

    python -m benchmarks.denoising.table --data FOLDER [--home FOLDER] [--jobs N] [--only NAME ...]

Plants, powders, coatings and axons are pooled and split by specimen. Noise is simulated, so that the clean image is
known. Each model is trained on the pool and scored on whole test images, through the command line. The methods that
learn without clean images see one noisy realisation of each training image (Noise2Noise: two) and never the clean
image. Writes `table.json`; `summarise.py` reads the scores from the runs.
"""

from pathlib import Path

from benchmarks.pools import FOUR
from benchmarks.runner import Job, Table, options, prepare

EXPERIMENT = "denoising"
SAME = (
    "train.batch=8",
    "train.patch=96",
    "train.steps=2500",
    "train.validate_every=100000",
    "train.precision=bf16-mixed",
)
WHITE = ("degradation.dose_e_per_px=50", "degradation.read_noise=0.02")
STREAKS = ("degradation.dose_e_per_px=200", "degradation.read_noise=0.01", "degradation.scan.streaks=0.08")
"""Amplifier noise that is correlated along the scan line dominates over shot noise."""
SUPERVISED, FRAMES, BLIND, LINES = (
    "nafnet-denoise-small",
    "n2n-denoise-small",
    "n2v-denoise-small",
    "n2v-lines-denoise-small",
)
JOBS = (
    *(Job(f"white: {recipe}", recipe, FOUR.dataset, changes=WHITE) for recipe in (SUPERVISED, FRAMES, BLIND)),
    *(Job(f"streaks: {recipe}", recipe, FOUR.dataset, changes=STREAKS) for recipe in (SUPERVISED, BLIND, LINES)),
)


def main() -> None:
    """Prepare the pool, then train and score what is missing."""
    chosen = options(__doc__)
    prepare(FOUR, chosen.data, chosen.home)
    Table(Path(__file__).with_name("table.json"), EXPERIMENT, SAME).run(JOBS, chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()

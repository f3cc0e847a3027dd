"""SEM to transmission and back by networks that saw images of the target contrast alone, scored on other fields.

    python -m benchmarks.translation.contrast_agnostic --data FOLDER [--home FOLDER] [--jobs N] [--only LABEL ...]

Fields, halves, test images and recipes of the segmentation networks are those of `unpaired.py`. Writes
`contrast_agnostic_runs.json`; `contrast_agnostic_scores.py` scores the translated images.
"""

from pathlib import Path

from benchmarks.runner import Job, Table, options
from benchmarks.translation.unpaired import EXPERIMENT, SAME, jobs
from benchmarks.translation.unpaired_sets import CONTRASTS, prepare

RUNS = Path(__file__).with_name("contrast_agnostic_runs.json")
SEEDS = (0, 1, 2)


def label(target: str, seed: int) -> str:
    """Name of the run whose training images have the contrast `target`."""
    return f"to {target}, seed {seed}"


def main() -> None:
    """Prepare and train what is missing."""
    chosen = options(__doc__)
    prepare(chosen.data, chosen.home)
    segmenters = [job for job in jobs() if job.label.startswith("segment")]
    translators = [
        Job(label(target, seed), "contrast-agnostic-translate-small", f"tio2-{target}", seed, inputs=())
        for seed in SEEDS
        for target in CONTRASTS
    ]
    Table(RUNS, EXPERIMENT, SAME).run([*segmenters, *translators], chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()

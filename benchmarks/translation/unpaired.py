"""SEM to transmission and back by networks trained without pairs, scored on real pairs of other fields.

    python -m benchmarks.translation.unpaired --data FOLDER [--home FOLDER] [--jobs N] [--only LABEL ...]

CycleGAN; SDEdit and DDIB with an unconditional diffusion model of each contrast; mask translation with a segmentation
network of one contrast and a conditional GAN of the other. Writes `unpaired_runs.json`; `unpaired_scores.py` scores
the translated images.
"""

from pathlib import Path

from benchmarks.runner import Job, Table, options
from benchmarks.translation.unpaired_sets import CONTRASTS, UNPAIRED, prepare

EXPERIMENT = "translation-unpaired"
SAME = ("train.precision=bf16-mixed",)
RUNS = Path(__file__).with_name("unpaired_runs.json")
_GAN = ("train.steps=2000", "train.validate_every=500")
_CLASSES = 2
"""Background and particles."""


def jobs() -> tuple[Job, ...]:
    """All trainings, without evaluations."""
    found = [_job("cycle", "cyclegan-translate-small", UNPAIRED, "train.steps=3000")]
    for contrast in CONTRASTS:
        masks = f"tio2-{contrast}-masks"
        found += [
            _job(f"segment {contrast}", "unet-segment-small", masks, f"network.channels_out={_CLASSES}"),
            _job(f"draw {contrast}", "cgan-masks-small", masks, *_GAN, f"network.channels_in={_CLASSES}"),
            _job(f"diffuse {contrast}", "ddpm-small", f"tio2-{contrast}", "train.steps=3000"),
        ]
    return tuple(found)


def _job(label: str, recipe: str, dataset: str, *changes: str) -> Job:
    return Job(label, recipe, dataset, changes=changes, inputs=())


def main() -> None:
    """Prepare and train what is missing."""
    chosen = options(__doc__)
    prepare(chosen.data, chosen.home)
    Table(RUNS, EXPERIMENT, SAME).run(jobs(), chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()

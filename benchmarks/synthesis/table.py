"""Micrographs generated from masks in two contrasts, by a conditional GAN and by diffusion, and their evaluation.

    python -m benchmarks.synthesis.table --data FOLDER [--home FOLDER] [--only NAME ...]

SEM images of ten axon fields of eight rats (axon, myelin, background), split by rat; transmission images of serial
sections of one nerve cord (membrane, mitochondrion, synapse, cytoplasm), split by blocks of sections. A segmentation
network is trained on real images and applied to images that were generated from the test masks.
Writes `table.json` (runs) and `worth.json` (results of `consistency` and `downstream`).
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.runner import Job, Table, command, options
from benchmarks.synthesis.sets import AXONS, CLASSES, VNC, prepare

HERE = Path(__file__).resolve().parent
SEGMENTER, GAN, DIFFUSION = "unet-segment-small", "cgan-masks-small", "ddpm-masks-small"
_GAN = ("train.steps=2000", "train.precision=bf16-mixed")
JOBS = (
    Job(f"{AXONS}: {SEGMENTER}", SEGMENTER, AXONS),
    Job(f"{AXONS}: {GAN}", GAN, AXONS, changes=_GAN),
    Job(f"{AXONS}: {DIFFUSION}", DIFFUSION, AXONS, changes=("train.validate_every=1000",)),
    Job(f"{VNC}: {SEGMENTER}", SEGMENTER, VNC, changes=(f"network.channels_out={CLASSES[VNC]}",)),
    Job(f"{VNC}: {GAN}", GAN, VNC, changes=(*_GAN, f"network.channels_in={CLASSES[VNC]}")),
)


def worth(runs: dict[str, str]) -> dict[str, Any]:
    """Mask consistency of the generated images, and their value as training data for segmentation."""
    found: dict[str, Any] = {}
    for label in runs:
        dataset, recipe = label.split(": ")
        if recipe == SEGMENTER:
            continue
        segmenter = ("--segmenter", runs[f"{dataset}: {SEGMENTER}"], "--dataset", dataset)
        found[label] = {"consistency": command("consistency", runs[label], *segmenter)}
        if recipe == GAN:
            short = ("--dataset", dataset, "--set", "train.steps=300")
            found[label]["downstream"] = command("downstream", runs[label], *short)
    return found


def main() -> None:
    """Prepare, train and score what is missing."""
    chosen = options(__doc__)
    prepare(chosen.data, chosen.home)
    table = Table(HERE / "table.json", "synthesis", ())
    table.run(JOBS, chosen.jobs, chosen.only)
    if all(job.label in table.known for job in JOBS):
        runs = {job.label: str(table.known[job.label]["run_id"]) for job in JOBS}
        (HERE / "worth.json").write_text(json.dumps({"runs": runs, **worth(runs)}, indent=1) + "\n")


if __name__ == "__main__":
    main()

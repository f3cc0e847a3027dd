"""Axons and myelin drawn from their masks by a conditional GAN and by diffusion, and what the drawings are worth.

    python -m benchmarks.synthesis.table --data FOLDER [--home FOLDER] [--only NAME ...]

SEM images of ten axon fields of eight rats with masks of axon, myelin and background, split by rat and brought to one
pixel size. A segmentation network is trained on real images; both generators draw the test masks; the network finds
the masks again in the drawings. Writes `table.json` (runs) and `worth.json` (what the use cases said of them).
"""

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.runner import Job, Table, command, options

HERE = Path(__file__).resolve().parent
DATASET, PIXEL_NM = "axon-masks", 180
SEGMENTER, GAN, DIFFUSION = "unet-segment-small", "cgan-masks-small", "ddpm-masks-small"
JOBS = (
    Job(SEGMENTER, SEGMENTER, DATASET),
    Job(GAN, GAN, DATASET, changes=("train.steps=2000", "train.precision=bf16-mixed")),
    Job(DIFFUSION, DIFFUSION, DATASET, changes=("train.validate_every=1000",)),
)


def prepare(data: Path, home: Path) -> None:
    """The masked dataset, unless it is there."""
    if (home / "datasets" / DATASET).exists():
        return
    images, masks = home / f"raw-{DATASET}" / "images", home / f"raw-{DATASET}" / "masks"
    for folder, pattern in ((images, "sub-*/micr/*_SEM.*"), (masks, "derivatives/labels/*/micr/*seg-axonmyelin*.png")):
        folder.mkdir(parents=True, exist_ok=True)
        for path in (data / "axon_myelin_sem").glob(pattern):
            shutil.copyfile(path, folder / path.name)
    call = ["prepare", str(images), "--masks", str(masks), "--kind", "masked", "--name", DATASET]
    command(*call, "--group-by", r"^(sub-rat\d+)", "--resample", str(PIXEL_NM))


def worth(runs: dict[str, str]) -> dict[str, Any]:
    """Whether masks are found again in the drawings, and what segmentation learns from them."""
    found: dict[str, Any] = {}
    for name in (GAN, DIFFUSION):
        segmenter = ("--segmenter", runs[SEGMENTER], "--dataset", DATASET)
        found[name] = {"consistency": command("consistency", runs[name], *segmenter)}
    found[GAN]["downstream"] = command("downstream", runs[GAN], "--dataset", DATASET, "--set", "train.steps=300")
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

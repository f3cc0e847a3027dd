"""A U-Net and pix2pix on three real sets of pairs, compared in error, texture and the discriminator test.

    python -m benchmarks.translation.table --data FOLDER [--home FOLDER] [--jobs N] [--only NAME ...]

Secondary electrons to transmission, one electron detector to another, plane-polarised light to crossed polars. Each
model is trained on the pairs of a set, with three seeds, and scored on whole test images, through the command line.
Writes `table.json`; `summarise.py` reads the scores from the runs.
"""

from pathlib import Path

from benchmarks.runner import Job, Table, command, options
from benchmarks.translation.sets import SETS, Pairs

EXPERIMENT = "translation"
SAME = ("train.precision=bf16-mixed",)
SEEDS = 3
_UNET = ("train.steps=2000", "train.validate_every=500")
"""The U-Net has a cosine schedule, and its validation score had settled; a GAN does not converge in this way."""
METHODS = {
    "unet-translate-small": ("unet-translate-small", _UNET),
    "pix2pix-small": ("pix2pix-small", ("train.steps=6000", "train.validate_every=1500")),
    "unet-translate-small, transposed": ("unet-translate-small", (*_UNET, "network.upsampling=transposed")),
}
"""Recipe and settings by the name that tables show. The last doubles as in version 0.1, by transposed convolutions."""
JOBS = tuple(
    Job(
        f"{pairs.dataset}: {name} {seed}",
        recipe,
        pairs.dataset,
        seed,
        changes=(*changes, f"network.channels_in={pairs.channels_in}"),
    )
    for seed in range(SEEDS)
    for pairs in SETS
    for name, (recipe, changes) in METHODS.items()
)


def prepare(pairs: Pairs, data: Path, home: Path) -> None:
    """Prepare the dataset of a set unless it exists."""
    if (home / "datasets" / pairs.dataset).exists():
        return
    raw = home / f"raw-{pairs.dataset}"
    pairs.gather(data, raw)
    call = ["prepare", str(raw / "input"), "--target", str(raw / "target"), "--kind", "paired", "--databar-rows", "0"]
    register = ["--register", "affine"] if pairs.register else ["--max-residual", "inf"]
    test = ["--test-groups", pairs.test] if pairs.test else []
    groups = ["--group-by", r"^(field\d+(?:b\d+)?)", *test, "--seed", str(pairs.seed)]
    command(*call, "--name", pairs.dataset, *register, *groups)


def main() -> None:
    """Prepare, train and score what is missing."""
    chosen = options(__doc__)
    for pairs in SETS:
        prepare(pairs, chosen.data, chosen.home)
    Table(Path(__file__).with_name("table.json"), EXPERIMENT, SAME).run(JOBS, chosen.jobs, chosen.only)


if __name__ == "__main__":
    main()

"""Titania in secondary electrons and in transmission, treated as if no field had been recorded in both contrasts.

The pairs exist, so translation that was learned without them can be scored. Networks are trained on the left half of
five fields in one contrast and on the right half in the other; three further fields, in both contrasts, are the test.
"""

from pathlib import Path

import numpy as np

from benchmarks.runner import command
from benchmarks.translation.sets import HELD_OUT, TRANSMISSION, cut_grey
from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

PIXEL_NM = 14.688
"""Both contrasts are resampled to this pixel size; they were recorded at 7.344 nm."""
THERE, BACK, UNPAIRED = "tio2", "tio2-back", "tio2-unpaired"
CONTRASTS = ("sem", "tsem")
_SPARE = "field06b1"


def gather(data: Path, raw: Path) -> None:
    """Write whole fields under `raw/pairs`, blocks of the left (sem) and right (tsem) halves under `raw/halves`."""
    for number, names in enumerate(TRANSMISSION.fields):
        images = dict(zip(CONTRASTS, (cut_grey(data / name) for name in names), strict=True))
        for contrast, image in images.items():
            _write(raw / "pairs" / contrast / f"field{number:02d}.tif", image)
        if number not in HELD_OUT:
            mask = read_micrograph(data / names[0].replace("SEM", "masks").replace(".tif", "_m.tif"))
            _halves(raw, f"field{number:02d}", images, mask)


def _halves(raw: Path, field: str, images: dict[str, Micrograph], mask: Micrograph) -> None:
    """Write the halves. Masks belong to the SEM images and are shifted onto the transmission images."""
    sem, tsem = (images[contrast].pixels for contrast in CONTRASTS)
    drawn = mask.pixels[: sem.shape[0], :, :1]
    shift = find_shift(sem[:, :, 0], tsem[:, :, 0])
    moved, seen = crop_to_overlap(drawn, tsem, shift)
    for contrast, pixels, labels, left in (("sem", sem, drawn, True), ("tsem", seen, moved, False)):
        for index, part in enumerate(_blocks(pixels.shape, left)):
            name = f"{field}b{index}.tif"
            _write(raw / "halves" / contrast / name, images[contrast].with_pixels(pixels[part]))
            _write(raw / "masks" / contrast / name, images[contrast].with_pixels(np.ascontiguousarray(labels[part])))


def _blocks(shape: tuple[int, ...], left: bool) -> list[tuple[slice, slice]]:
    """Upper and lower part of one half; a gap in the middle belongs to neither half."""
    height, width = shape[0] // 2, shape[1] // 2 - 16
    first = 0 if left else shape[1] - width
    return [(slice(top, top + height), slice(first, first + width)) for top in (0, shape[0] - height)]


def _write(path: Path, image: Micrograph) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_micrograph(path, image)


def prepare(data: Path, home: Path) -> None:
    """Prepare all missing datasets."""
    raw = home / "raw-tio2"
    if not raw.exists():
        gather(data, raw)
    sem, tsem = (str(raw / "pairs" / contrast) for contrast in CONTRASTS)
    left, right = (str(raw / "halves" / contrast) for contrast in CONTRASTS)
    fields = ("--group-by", r"^(field\d+)", "--test-groups", "|".join(f"field{n:02d}" for n in HELD_OUT))
    blocks = ("--group-by", r"^(field\d+b\d)", "--test-groups", _SPARE)
    pairs = ("--kind", "paired", "--register", "affine", *fields)
    wanted = {
        THERE: (sem, "--target", tsem, *pairs),
        BACK: (tsem, "--target", sem, *pairs),
        UNPAIRED: (left, "--target", right, "--kind", "unpaired", *blocks),
    }
    for contrast, half in zip(CONTRASTS, (left, right), strict=True):
        wanted[f"tio2-{contrast}"] = (half, *blocks)
        wanted[f"tio2-{contrast}-masks"] = (half, "--masks", str(raw / "masks" / contrast), "--kind", "masked", *blocks)
    for name, call in wanted.items():
        if not (home / "datasets" / name).exists():
            command("prepare", *call, "--name", name, "--databar-rows", "0", "--resample", str(PIXEL_NM))

"""Sets of images with masks in two contrasts, arranged for `prepare`."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.runner import command

AXONS, VNC = "axon-masks", "vnc-masks"
CLASSES = {AXONS: 3, VNC: 4}
"""Background, axon and myelin (SEM); cytoplasm, membrane, mitochondrion and synapse (transmission)."""
_PIXEL_NM = {AXONS: 180, VNC: 9.2}
_HALF = 127
_STRUCTURES = ("membranes", "mitochondria", "synapses")
_BLOCKS = {"a": range(7), "b": range(8, 10), "c": range(11, 14)}
"""Sections for training, validation and test. One section between blocks is left out, as neighbours are similar."""


def prepare(data: Path, home: Path, names: Sequence[str] = (AXONS, VNC)) -> None:
    """Prepare the datasets unless they exist."""
    # Sections two apart are recognised as one field, which would make one group of all blocks.
    blocks = ("--group-by", "^([abc])", "--test-groups", "c", "--no-join-same-field")
    for name, gather, options in (
        (AXONS, _axons, ("--group-by", r"^(sub-rat\d+)")),
        (VNC, _sections, (*blocks, "--pixel-size", "4.6")),
    ):
        if name not in names or (home / "datasets" / name).exists():
            continue
        images, masks = home / f"raw-{name}" / "images", home / f"raw-{name}" / "masks"
        images.mkdir(parents=True)
        masks.mkdir()
        gather(data, images, masks)
        call = ["prepare", str(images), "--masks", str(masks), "--kind", "masked", "--name", name]
        command(*call, *options, "--resample", str(_PIXEL_NM[name]))


def _axons(data: Path, images: Path, masks: Path) -> None:
    """Ten SEM fields of eight rats."""
    for folder, pattern in ((images, "sub-*/micr/*_SEM.*"), (masks, "derivatives/labels/*/micr/*seg-axonmyelin*.png")):
        for path in (data / "axon_myelin_sem").glob(pattern):
            shutil.copyfile(path, folder / path.name)


def _sections(data: Path, images: Path, masks: Path) -> None:
    """Serial sections of one nerve cord; later structures overwrite earlier ones."""
    stack = data / "vnc_sstem" / "stack1"
    for block, sections in _BLOCKS.items():
        for number in sections:
            shutil.copyfile(stack / "raw" / f"{number:02d}.tif", images / f"{block}{number:02d}.tif")
            labels = np.zeros((1024, 1024), np.uint8)
            for index, structure in enumerate(_STRUCTURES, start=1):
                drawn = np.asarray(Image.open(stack / structure / f"{number:02d}.png").convert("L"))
                labels[drawn > _HALF] = index
            Image.fromarray(labels).save(masks / f"{block}{number:02d}.png")

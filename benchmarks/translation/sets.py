"""Real pairs of two contrasts of the same field, arranged for `prepare`."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.images.channels import to_grey
from sem_models.images.databar import without_databar
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

GAP_PX = 32
"""Gap between blocks, so that blocks do not share adjacent structures."""
_ALIKE_PX = 2.0


@dataclass(frozen=True)
class Pairs:
    """Fields with an input and a target image, and how samples are made from them."""

    dataset: str
    fields: tuple[tuple[str, str], ...]
    """Input and target of each field, under the data folder."""
    block_px: int | None
    """Edge of the blocks into which a field is cut, each a group of its own; None: each whole field is a group."""
    register: bool
    """Whether `prepare` warps inputs onto targets. Blocks are cut from fields that were aligned by a shift instead."""
    seed: int
    channels_in: int = 1
    test: str | None = None
    """Pattern of the test groups; None: a fifth of the groups is assigned to the test split."""

    def gather(self, data: Path, raw: Path) -> None:
        """Write `raw/input` and `raw/target`, one file for each sample; data bars are cropped before blocks are cut."""
        for number, names in enumerate(self.fields):
            images = [cut_grey(data / name) for name in names]
            if self.channels_in == 1:
                images[0] = _luminance(images[0])
            images[1] = _luminance(images[1])
            if self.block_px:
                images = _shifted(images)
            for label, parts in self._samples(f"field{number:02d}", images):
                for role, part in zip(("input", "target"), parts, strict=True):
                    (raw / role).mkdir(parents=True, exist_ok=True)
                    write_micrograph(raw / role / f"{label}.tif", part)

    def _samples(self, field: str, images: list[Micrograph]) -> list[tuple[str, list[Micrograph]]]:
        if self.block_px is None:
            return [(field, images)]
        height, width = (min(image.pixels.shape[axis] for image in images) for axis in (0, 1))
        step = self.block_px + GAP_PX
        corners = product(
            range(0, height - self.block_px + 1, step),
            range(0, width - self.block_px + 1, step),
        )
        return [
            (
                f"{field}b{index:02d}",
                [
                    image.with_pixels(image.pixels[top : top + self.block_px, left : left + self.block_px])
                    for image in images
                ],
            )
            for index, (top, left) in enumerate(corners)
        ]


def _shifted(images: list[Micrograph]) -> list[Micrograph]:
    """Crop both to their common field by whole pixels: detectors are up to 5 px, light images about 10 px apart."""
    # Images of different sharpness give a biased shift, so both are smoothed to a similar blur.
    grey = [gaussian_filter(image.pixels.mean(axis=2), _ALIKE_PX) for image in images]
    shift = find_shift(*grey)
    cut = crop_to_overlap(images[0].pixels, images[1].pixels, shift)
    return [image.with_pixels(pixels) for image, pixels in zip(images, cut, strict=True)]


def cut_grey(path: Path) -> Micrograph:
    """The image without its data bar; one channel if all channels of the file are equal."""
    return without_databar(to_grey(read_micrograph(path)))


def _luminance(image: Micrograph) -> Micrograph:
    """The mean of the channels, in the data type of the file."""
    mean = np.rint(image.pixels.mean(axis=2, keepdims=True)).astype(image.pixels.dtype)
    return image.with_pixels(mean) if image.channels > 1 else image


HELD_OUT = (1, 4, 7)
"""Titania fields of the test split, one from each third of the series, chosen before any training."""
_TIO2 = "bam_tio2_sem_tsem_pairs"
_KIT = "kit_zeiss_sem"
_ROCK = "ppl_xpl_sandstone"
TRANSMISSION = Pairs(
    dataset="sem-to-tsem",
    fields=tuple((f"{_TIO2}/SEM/{n}.tif", f"{_TIO2}/TSEM/{n + 1}.tif") for n in range(1908248, 1908263, 2)),
    block_px=None,
    register=True,
    seed=0,
    test="|".join(f"field{number:02d}" for number in HELD_OUT),
)
"""Titania particles, secondary electrons to transmission: 8 fields, each a group."""
DETECTORS = Pairs(
    dataset="detectors",
    fields=(
        (
            f"{_KIT}/DifferentDetector/1-as-cast_16_Sch_10k_InLens.tif",
            f"{_KIT}/DifferentDetector/1-as-cast_17_Sch_10k_SESI.tif",
        ),
        (
            f"{_KIT}/slice_view/InLens_keyframe_00001_slice_00006_z=1.6659um.tif",
            f"{_KIT}/slice_view/SESI_keyframe_00001_slice_00006_z=1.6659um.tif",
        ),
    ),
    block_px=224,
    register=False,
    seed=0,
)
"""InLens to SE2, two detectors of the same field. There are only two fields, and groups are blocks of them, so the
results say nothing about other specimens."""
LIGHT = Pairs(
    dataset="light",
    fields=tuple((f"{_ROCK}/paralelos/{n}_paralelos.jpg", f"{_ROCK}/cruzados/{n}_cruzados.jpg") for n in ("3a", "9a")),
    block_px=256,
    register=False,
    seed=0,
    channels_in=3,
)
"""Sandstone, plane-polarised colour to crossed polars in grey; blocks of two thin sections, as above."""
SETS = (TRANSMISSION, DETECTORS, LIGHT)

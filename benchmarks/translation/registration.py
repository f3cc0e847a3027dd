"""Registration residual of real pairs before registration and after each registration method.

    python -m benchmarks.translation.registration --data FOLDER [--picture FILE]

Writes `registration.json` next to this file. FILE receives a composite of one openly licensed pair before and after
registration, with the residual of each block. Residuals are measured by block matching, which none of the three methods
uses. `null` means that fewer than four blocks could be measured, so the alignment cannot be verified.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.transform import resize

from benchmarks.runner import ROOT
from sem_models.datasets.manifest import Register
from sem_models.datasets.registration.alignment import align, find_alignment
from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.databar import without_databar
from sem_models.images.display import composite, with_arrows
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph

HERE = Path(__file__).resolve().parent
WAYS: tuple[Register, ...] = ("shift", "rigid", "affine")
PICTURED = "kit_zeiss_sem InLens -> BSD"
Pair = tuple[str, Micrograph, Micrograph]


def pairs(data: Path) -> Iterator[Pair]:
    """Name, input and target of all pairs, without data bars."""
    for path in sorted((data / "bam_tio2_sem_tsem_pairs" / "SEM").glob("*.tif")):
        other = path.parent.parent / "TSEM" / f"{int(path.stem) + 1}.tif"
        yield f"bam_tio2 {path.stem} SEM -> TSEM", _read(path), _read(other)
    folder = data / "kit_zeiss_sem" / "DifferentDetector"
    one = {re.split(r"[_-]", path.stem.removesuffix("-Compo"))[-1]: _read(path) for path in folder.glob("*.tif")}
    for first, second in (("InLens", "SESI"), ("InLens", "BSD"), ("SESI", "BSD")):
        yield f"kit_zeiss_sem {first} -> {second}", one[first], one[second]
    slices = {path.stem.split("_")[0]: _read(path) for path in (data / "kit_zeiss_sem" / "slice_view").glob("*.tif")}
    yield "kit_zeiss_sem slice InLens -> SESI", slices["InLens"], slices["SESI"]
    yield from _light_pairs(data / "clem_em_fluorescence")


def _light_pairs(folder: Path) -> Iterator[Pair]:
    """Fluorescence images, scaled to the width of the EM image and cropped to its middle rows."""
    electrons = _read(folder / "EM.png")
    for name in ("Chromatin", "Channel_of_interest"):
        light = _read(folder / f"{name}.png")
        rows = round(light.height * electrons.width / light.width)
        scaled = resize(light.pixels, (rows, electrons.width), preserve_range=True, anti_aliasing=True)
        top = (rows - electrons.height) // 2
        pixels = scaled[top : top + electrons.height].astype(light.pixels.dtype)
        yield f"clem_em_fluorescence {name} -> EM", Micrograph(pixels, None), electrons


def _read(path: Path) -> Micrograph:
    return without_databar(to_grey(read_micrograph(path)))


def measured(source: NDArray[Any], target: NDArray[Any], size_nm: float | None) -> dict[str, Any]:
    """Shift, and residuals by registration method."""
    found: dict[str, Any] = {}
    for way in WAYS:
        try:
            alignment = find_alignment(source, target, way, size_nm)
        except UserError as error:
            found[way] = {"failed": str(error)}
            continue
        if alignment is None:
            raise ValueError(f"sizes differ: {source.shape}, {target.shape}")
        found |= {"shift_px": alignment.shift, "blocks": alignment.before.blocks}
        found["before"] = _as_dict(alignment.residual_before)
        found[way] = _as_dict(alignment.residual)
    return found


def _as_dict(residual: Any) -> dict[str, Any] | None:
    return residual.model_dump() if residual else None


def picture(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.uint8]:
    """Composites before and after cropping by the shift, side by side."""
    found = find_alignment(source, target, "shift", None)
    if found is None:
        raise ValueError("sizes differ")
    moved, still = align(source, target, found)
    sides = []
    for one, other, blocks in ((source, target, found.before), (moved, still, found.after)):
        arrows = [(s.row, s.column, 10 * s.down, 10 * s.right) for s in blocks.shifts]
        side = with_arrows(composite(one.mean(axis=2), other.mean(axis=2)), arrows)
        sides.append(side[: still.shape[0], : still.shape[1]])
    return np.hstack(sides)


def main() -> None:
    """Measure all pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    table: dict[str, Any] = {}
    for name, source, target in pairs(options.data):
        table[name] = measured(source.pixels, target.pixels, target.pixel_size_nm)
        print(name, {key: table[name][key] and table[name][key].get("median_px") for key in ("before", *WAYS)})
        if options.picture and name == PICTURED:
            Image.fromarray(picture(source.pixels, target.pixels)).save(options.picture)
    (HERE / "registration.json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()

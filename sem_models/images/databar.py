"""The data bar: rows at the bottom that the instrument wrote text, scale and logos into.

Rows from the metadata are believed first. Detection knows two kinds of bar: a strip of one flat grey with writing on
it, and writing burnt straight into the micrograph, which betrays itself by glyphs and scale ticks that repeat to the
pixel on one line, as nothing in a specimen does.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sem_models.errors import UserError
from sem_models.images.micrograph import Micrograph

FoundBy = Literal["none", "metadata", "detection", "manual"]

_SEARCHED_FRACTION = 0.25
_SMALLEST_ROWS = 8
_EDGE_ROWS = 4
_FLAT_FRACTION = 0.5
_REPEATS = 5
_GLYPH_HEIGHT = range(6, 60)
_MARGIN_ROWS = 2


@dataclass(frozen=True)
class DataBar:
    """Rows to cut off at the bottom, and who says so."""

    rows: int
    found_by: FoundBy


def find_databar(micrograph: Micrograph, manual_rows: int | None = None) -> DataBar:
    """Where the data bar begins.

    Args:
        micrograph: The image as read.
        manual_rows: A count that overrules everything, 0 included.

    Raises:
        UserError: The manual count leaves no image.
    """
    if manual_rows is not None:
        if not 0 <= manual_rows < micrograph.height:
            raise UserError(
                f"{micrograph.source}: {manual_rows} data bar rows do not fit an image of {micrograph.height} rows."
            )
        return DataBar(manual_rows, "manual")
    rows = micrograph.height - int(micrograph.metadata.get("image_rows", micrograph.height))
    if 0 < rows < micrograph.height:
        return DataBar(rows, "metadata")
    grey = micrograph.pixels[..., 0]
    if min(grey.shape) < 4 * _SMALLEST_ROWS:
        return DataBar(0, "none")
    found = _flat_strip_rows(grey) or _burnt_in_rows(grey)
    return DataBar(found, "detection") if found else DataBar(0, "none")


def crop_databar(micrograph: Micrograph, bar: DataBar) -> Micrograph:
    """The micrograph without its data bar."""
    return micrograph.with_pixels(micrograph.pixels[: micrograph.height - bar.rows]) if bar.rows else micrograph


def without_databar(micrograph: Micrograph) -> Micrograph:
    """The micrograph without the data bar that is found in it, if any."""
    return crop_databar(micrograph, find_databar(micrograph))


def _flat_strip_rows(grey: NDArray[Any]) -> int:
    """Rows of a strip of one grey with writing; 0 where there is none."""
    height = grey.shape[0]
    searched = grey[height - int(height * _SEARCHED_FRACTION) :]
    background = _mode(searched[-_SMALLEST_ROWS * 2 :])
    span = max(float(grey.max()) - float(grey.min()), 1.0)
    distance = np.abs(searched.astype(np.float64) - background) / span
    flat = (distance < 0.01).mean(axis=1) > _FLAT_FRACTION
    line = (searched == np.median(searched, axis=1, keepdims=True)).mean(axis=1) > 0.9
    rows = _run_from_bottom(flat | line)
    if not _SMALLEST_ROWS <= rows < searched.shape[0]:
        return 0
    strip = distance[len(distance) - rows :]
    written = (strip > 0.4).mean()
    clean = ((strip < 0.01) | (strip > 0.4)).mean()
    return rows if written > 0.01 and clean > 0.85 and (strip < 0.01).mean() > _FLAT_FRACTION else 0


def _mode(pixels: NDArray[Any]) -> float:
    values, counts = np.unique(pixels, return_counts=True)
    return float(values[counts.argmax()])


def _run_from_bottom(member: NDArray[np.bool_]) -> int:
    """Length of the run of member rows that ends at most a frame's width above the last row."""
    top, gap = len(member), 0
    for row in range(len(member) - 1, -1, -1):
        gap = 0 if member[row] else gap + 1
        if gap > _EDGE_ROWS:
            break
        if member[row]:
            top = row
    return len(member) - top


def _burnt_in_rows(grey: NDArray[Any]) -> int:
    """Rows from the highest repeated glyph or tick down; 0 where nothing repeats."""
    first = grey.shape[0] - int(grey.shape[0] * _SEARCHED_FRACTION)
    tops = [top for value in (grey.max(), grey.min()) for top in _repeated_tops(grey[first:] == value)]
    return grey.shape[0] - first - max(min(tops) - _MARGIN_ROWS, 0) if tops else 0


def _repeated_tops(mask: NDArray[np.bool_]) -> list[int]:
    """Top rows of shapes that stand at least five times, to the pixel, on one line."""
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    shapes: Counter[tuple[int, int, int, bytes]] = Counter()
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        size = (rows.stop - rows.start, columns.stop - columns.start)
        if size[0] in _GLYPH_HEIGHT and size[1] <= 2 * size[0]:
            shapes[(rows.start, *size, (labels[rows, columns] == label).tobytes())] += 1
    return [key[0] for key, count in shapes.items() if count >= _REPEATS]

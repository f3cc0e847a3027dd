"""The data bar: rows at the bottom of the image into which the instrument wrote text, scale bar and logos.

The metadata takes precedence. Otherwise, two kinds of bar are detected: a strip of uniform grey with text on it, and
text burnt directly into the micrograph, which is recognised by glyphs and scale ticks that recur on one line with
exactly equal pixels, as nothing in a specimen does.
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
_TICK_SLENDERNESS = 3


@dataclass(frozen=True)
class DataBar:
    """The number of rows to cut off at the bottom, and how it was found."""

    rows: int
    found_by: FoundBy


def find_databar(micrograph: Micrograph, manual_rows: int | None = None) -> DataBar:
    """Find the rows of the data bar.

    Args:
        micrograph: The image as it was read.
        manual_rows: Number of rows that overrides metadata and detection; 0 means that there is no data bar.

    Raises:
        UserError: The manual number leaves no image.
    """
    if manual_rows is not None:
        if not 0 <= manual_rows < micrograph.height:
            raise UserError(
                f"{micrograph.source}: a data bar of {manual_rows} rows does not fit an image of {micrograph.height} "
                "rows; give a smaller number."
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
    """Return the micrograph without the rows of its data bar."""
    return micrograph.with_pixels(micrograph.pixels[: micrograph.height - bar.rows]) if bar.rows else micrograph


def without_databar(micrograph: Micrograph) -> Micrograph:
    """Find the data bar, if there is one, and return the micrograph without it."""
    return crop_databar(micrograph, find_databar(micrograph))


def _flat_strip_rows(grey: NDArray[Any]) -> int:
    """Return the height in rows of a uniform grey strip with text; 0 if there is none."""
    height = grey.shape[0]
    searched = grey[height - int(height * _SEARCHED_FRACTION) :]
    background = _mode(searched[-_SMALLEST_ROWS * 2 :])
    span = (float(grey.max()) - float(grey.min())) or 1.0
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
    """Return the number of rows from the first member to the bottom, tolerating gaps of up to `_EDGE_ROWS` rows."""
    top, gap = len(member), 0
    for row in range(len(member) - 1, -1, -1):
        gap = 0 if member[row] else gap + 1
        if gap > _EDGE_ROWS:
            break
        if member[row]:
            top = row
    return len(member) - top


def _burnt_in_rows(grey: NDArray[Any]) -> int:
    """Return the number of rows from the highest repeated glyph or tick to the bottom; 0 if nothing repeats."""
    first = grey.shape[0] - int(grey.shape[0] * _SEARCHED_FRACTION)
    tops = [top for value in (grey.max(), grey.min()) for top in _repeated_tops(grey[first:] == value)]
    return grey.shape[0] - first - max(min(tops) - _MARGIN_ROWS, 0) if tops else 0


def _repeated_tops(mask: NDArray[np.bool_]) -> list[int]:
    """Return the top rows of shapes that occur at least five times on one line with exactly equal pixels."""
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    shapes: Counter[tuple[int, int, int, bytes]] = Counter()
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        size = (rows.stop - rows.start, columns.stop - columns.start)
        shape = labels[rows, columns] == label
        # JPEG compression leaves solid black or white rectangles in a specimen; only slender ones are scale ticks.
        is_block = bool(shape.all()) and size[0] < _TICK_SLENDERNESS * size[1]
        if size[0] in _GLYPH_HEIGHT and size[1] <= 2 * size[0] and not is_block:
            shapes[(rows.start, *size, shape.tobytes())] += 1
    return [key[0] for key, count in shapes.items() if count >= _REPEATS]

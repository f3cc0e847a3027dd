"""The figure of a comparison, from pictures that the gallery has computed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluate.compare import Comparison, leading_metric
from pipelines.evaluate.gallery_files import TARGET, Picture, gallery_pictures, in_order, missing, usual_choice
from pipelines.publish.crops import Crop
from pipelines.publish.figure import PAGE_MM, Panel, draw_figure
from sem_models.errors import UserError
from sem_models.evaluation.metrics.table import METRICS
from sem_models.images.display import DisplayWindow, display_window, to_display
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph

PREVIEW: Final = "figure.png"
_MOST = 12
"""Panels of a figure."""


def comparison_figure(
    comparison: Comparison,
    image: str,
    crop: Crop | None = None,
    width_mm: float = PAGE_MM,
    metric: str | None = None,
    methods: tuple[str, ...] | None = None,
) -> dict[str, bytes]:
    """Draw the same crop of a test image as input, through every method, and as target, in one display window.

    Args:
        comparison: Runs of one setting.
        image: Name of the test image; its pictures have been computed (`make_gallery`).
        crop: The part that is shown; None: the middle.
        width_mm: 85 or 180.
        metric: The score that stands below each picture; None: that which orders the comparison.
        methods: Pictures to show, by `Picture.method`; None: as many as a figure can hold.

    Returns:
        Name and content of the SVG, PDF and PNG file.

    Raises:
        UserError: Pictures are missing or too many, or the crop is not inside the image.
    """
    known = gallery_pictures(comparison, image)
    there = [one for one in known if one.is_there]
    pictures = usual_choice(there, _MOST) if methods is None else [one for one in known if one.method in methods]
    _check(pictures)
    read = {picture.method: read_micrograph(picture.path) for picture in in_order(pictures)}
    finest = max(read.values(), key=lambda one: one.width)
    window = display_window([read.get(TARGET, finest).pixels])
    shown = crop or Crop.middle(finest.height, finest.width)
    shown.require_inside(finest.height, finest.width)
    shown = shown.on_grid(max(finest.width // one.width for one in read.values()))
    notes = _notes(comparison, image, metric or leading_metric(comparison.metrics))
    panels = [
        Panel(picture.label, _screen(read[picture.method], shown, finest, window), notes.get(picture.method, ""))
        for picture in in_order(pictures)
    ]
    size = finest.pixel_size_nm
    return draw_figure(panels, shown.edge * size if size else None, shown.edge, width_mm)


def _check(pictures: list[Picture]) -> None:
    if missing(pictures):
        raise UserError("The pictures of this image have not been computed yet; compute them first.")
    if not 0 < len(pictures) <= _MOST:
        raise UserError(f"A figure has 1 to {_MOST} pictures, not {len(pictures)}; choose some of them.")


def _screen(image: Micrograph, crop: Crop, finest: Micrograph, window: DisplayWindow) -> NDArray[np.uint8]:
    return to_display(crop.of(image.pixels[..., 0], finest.width // image.width), window)


def _notes(comparison: Comparison, image: str, metric: str) -> dict[str, str]:
    """Write the score of each method on the image."""
    notes = {}
    report = comparison.columns[0].report
    rows = [(column.model, row) for column in comparison.columns for row in column.report.rows
            if row.method == column.report.model]  # fmt: skip
    rows += [(row.method, row) for row in report.rows if row.method in comparison.baselines]
    for method, row in rows:
        value = row.scores.get(metric)
        if row.image == image and value is not None:
            notes[method] = _score_text(metric, value)
    return notes


def _score_text(metric: str, value: float) -> str:
    unit = METRICS[metric].unit
    name = METRICS[metric].label.removesuffix(f" ({unit})")
    return f"{name} {value:.2f} {unit}" if unit in ("dB", "px", "nm") else f"{name} {value:.4g} {unit}".strip()

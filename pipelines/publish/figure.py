"""A figure in the size of a publication: the same crop through every method, labelled, with a scale bar."""

import io
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sem_models.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_MM: Final = 85.0
"""Width of one column of a journal."""
PAGE_MM: Final = 180.0
"""Width of a page."""
_DPI = 300
_MM_PER_INCH = 25.4
_NARROWEST_MM = 26.0
"""Of a panel: below, labels do not fit."""
_GAP_MM, _LABEL_MM, _LINE_MM = 2.0, 3.6, 2.9
_FONT_PT = 7.0
_PT_PER_LETTER = 0.56
"""Width of a letter relative to its size, on average."""
_BAR_MM, _MARGIN_MM = 0.6, 0.8
_BAR_SHARE = 0.3
"""Of the width of a panel, at most."""
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": _FONT_PT,
    "svg.fonttype": "none",  # text stays text, which journals can edit
    "pdf.fonttype": 42,  # whole fonts, which journals ask for
    "svg.hashsalt": "sem-workbench",  # the same figure is the same file
}


@dataclass(frozen=True)
class Panel:
    """One picture of a figure."""

    label: str
    screen: NDArray[np.uint8]
    """(h, w) greys, all panels in one display window; the field is square, the number of pixels may differ."""
    note: str = ""
    """Stands below, for instance a score."""


def draw_figure(panels: Sequence[Panel], edge_nm: float | None, edge_px: int, width_mm: float) -> dict[str, bytes]:
    """Draw panels in rows; return `figure.svg`, `figure.pdf` and `figure.png`, the last in 300 dpi.

    Pixels are drawn as squares: pictures with fewer pixels than 300 dpi need are repeated, and never interpolated.

    Args:
        panels: What is shown, in this order.
        edge_nm: Width of the field in nm; None if unknown: the bar is then in px.
        edge_px: The same in px of the target.
        width_mm: `COLUMN_MM` or `PAGE_MM`.

    Raises:
        UserError: The width is another one.
    """
    if width_mm not in (COLUMN_MM, PAGE_MM):
        raise UserError(f"A figure is {COLUMN_MM:g} mm wide, for one column, or {PAGE_MM:g} mm, for a page.")
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        figure = _drawn(panels, edge_nm, edge_px, width_mm)
        return {f"figure.{kind}": _saved(figure, kind) for kind in ("svg", "pdf", "png")}


def bar_length(edge: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the longest that fits into 30 % of the edge, in the same unit."""
    most = _BAR_SHARE * edge
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def bar_text(edge_nm: float | None, edge_px: int) -> tuple[str, float]:
    """Return the text of the bar, such as `200 nm` or `2 µm`, and its length as a share of the edge."""
    if edge_nm is None:
        length = bar_length(edge_px)
        return f"{length:g} px", length / edge_px
    length = bar_length(edge_nm)
    text = f"{length / 1000:g} µm" if length >= 1000 else f"{length:g} nm" if length >= 1 else f"{1000 * length:g} pm"
    return text, length / edge_nm


@dataclass(frozen=True)
class _Layout:
    """Positions in mm, from the upper left corner."""

    width: float
    columns: int
    rows: int
    label_lines: int

    @property
    def panel(self) -> float:
        """Edge of a panel."""
        return (self.width - _GAP_MM * (self.columns - 1)) / self.columns

    @property
    def above(self) -> float:
        """Height of a label."""
        return _LABEL_MM + _LINE_MM * (self.label_lines - 1)

    @property
    def step(self) -> float:
        """Height of a row."""
        return self.above + self.panel + _LINE_MM + _GAP_MM

    @property
    def height(self) -> float:
        """Height of the figure."""
        return self.rows * self.step - _GAP_MM

    def places(self) -> Iterator[tuple[float, float]]:
        """Yield the upper left corner of each panel."""
        for row in range(self.rows):
            for column in range(self.columns):
                yield column * (self.panel + _GAP_MM), row * self.step + self.above


def _drawn(panels: Sequence[Panel], edge_nm: float | None, edge_px: int, width_mm: float) -> "Figure":
    from matplotlib.figure import Figure

    most = max(1, int((width_mm + _GAP_MM) // (_NARROWEST_MM + _GAP_MM)))
    rows = math.ceil(len(panels) / most)
    columns = math.ceil(len(panels) / rows)
    panel_mm = (width_mm - _GAP_MM * (columns - 1)) / columns
    labels = [_wrapped(f"{letter} {panel.label}", panel_mm) for letter, panel in zip(_letters(), panels, strict=False)]
    layout = _Layout(width_mm, columns, rows, max(label.count("\n") + 1 for label in labels))
    figure = Figure((layout.width / _MM_PER_INCH, layout.height / _MM_PER_INCH), dpi=_DPI)
    for index, (panel, label, (left, top)) in enumerate(zip(panels, labels, layout.places(), strict=False)):
        share = layout.panel / layout.width, layout.panel / layout.height
        axes = figure.add_axes((left / layout.width, 1 - (top + layout.panel) / layout.height, *share))
        axes.imshow(_repeated(panel.screen, layout.panel), cmap="gray", vmin=0, vmax=255, interpolation="none")
        axes.set_axis_off()
        _add_text(axes, label, panel.note, layout.panel)
        if index == 0:
            _add_bar(axes, *bar_text(edge_nm, edge_px), layout.panel)
    return figure


def _letters() -> Iterator[str]:
    yield from "abcdefghijklmnopqrstuvwxyz"


def _wrapped(text: str, panel_mm: float) -> str:
    letters = int(panel_mm / _MM_PER_INCH * 72 / (_FONT_PT * _PT_PER_LETTER))
    return textwrap.fill(text, max(8, letters))


def _repeated(screen: NDArray[np.uint8], panel_mm: float) -> NDArray[np.uint8]:
    """Repeat pixels until there are enough for 300 dpi: readers of vector files would smooth large pixels."""
    needed = panel_mm / _MM_PER_INCH * _DPI
    times = max(1, math.ceil(needed / min(screen.shape)))
    return screen.repeat(times, axis=0).repeat(times, axis=1)


def _add_text(axes: "Axes", label: str, note: str, panel_mm: float) -> None:
    head, _, rest = label.partition(" ")
    axes.text(0, 1 + 0.8 / panel_mm, rf"$\bf{{{head}}}$ {_plain(rest)}", transform=axes.transAxes, va="bottom")
    if note:
        axes.text(0, -0.6 / panel_mm, _plain(note), transform=axes.transAxes, va="top")


def _plain(text: str) -> str:
    """Return text in which nothing is taken for a formula."""
    return text.replace("$", r"\$")


def _add_bar(axes: "Axes", text: str, share: float, panel_mm: float) -> None:
    """Draw the bar and its text in white on a dark ground, so that both can be read on any image."""
    from matplotlib.patches import Rectangle

    thick, tall, margin = (length / panel_mm for length in (_BAR_MM, _LINE_MM, _MARGIN_MM))
    letters = len(text) * _FONT_PT * _PT_PER_LETTER / 72 * _MM_PER_INCH / panel_mm
    wide = max(share, letters)
    place: Any = {"transform": axes.transAxes, "linewidth": 0}
    ground = wide + 2 * margin, thick + tall + 2.5 * margin
    axes.add_patch(Rectangle((margin, margin), *ground, facecolor="black", alpha=0.6, **place))
    middle = 2 * margin + wide / 2
    axes.add_patch(Rectangle((middle - share / 2, 2 * margin), share, thick, facecolor="white", **place))
    above = 2.5 * margin + thick
    axes.text(middle, above, text, color="white", ha="center", va="bottom", transform=axes.transAxes)


def _saved(figure: "Figure", kind: str) -> bytes:
    dates: Mapping[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=_DPI, metadata=dates.get(kind))
    return content.getvalue()

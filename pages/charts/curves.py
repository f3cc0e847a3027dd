"""Curves of a training over its steps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from pages.charts.palette import BASELINE, COLOURS

Points = Sequence[tuple[int, float]]
MARGIN: Final = {"l": 72, "r": 10, "t": 10, "b": 56}
"""In px, with room for numbers and titles of axes: a browser that has to find it out draws each chart once more."""
LEGEND_PX: Final = 32
"""At the top, of charts with a legend in one line."""
_MOST_POINTS = 2000
"""More points than a chart has columns of pixels."""


def thinned(points: Points, most: int = _MOST_POINTS) -> Points:
    """Keep at most `most` points (at least 4), in order: the first, the last, and the lowest and highest of each bin.

    No spike is lost, however long the curve. All bins hold the same number of points.
    """
    if len(points) <= most:
        return points
    size = -(-len(points) // (most // 2 - 1))
    starts = np.arange(0, len(points), size)
    values = np.array([value for _, value in points])
    bins = np.pad(values, (0, len(starts) * size - len(points)), mode="edge").reshape(-1, size)
    kept = np.unique([0, len(points) - 1, *(starts + bins.argmin(1)), *(starts + bins.argmax(1))])
    return [points[index] for index in kept]


def smoothed(points: Points, weight: float) -> Points:
    """Average each value with those before it, whose weights fall by the factor `weight` at each point; 0 changes none.

    The average begins with the first value and not with 0 (the bias correction of Kingma and Ba, 2015).
    """
    if weight <= 0:
        return points
    mean, known = 0.0, 0.0
    result = []
    for step, value in points:
        if math.isfinite(value):
            mean = weight * mean + (1 - weight) * value
            known = weight * known + (1 - weight)
        result.append((step, mean / known if known else value))
    return result


@dataclass(frozen=True)
class CurveStyle:
    """How curves are drawn; the same for all curves of a chart."""

    log_x: bool = False
    log_y: bool = False
    smoothing: float = 0.0
    """Weight of the values before, 0 to below 1; the measured curve stays visible behind the smoothed one."""


PLAIN, LOGARITHMIC = CurveStyle(), CurveStyle(log_y=True)


class KeptFigures:
    """Figures of curves that are drawn again and again, made anew only where a curve has other points."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[object, ...], go.Figure]] = {}

    def figure(
        self, key: str, series: Mapping[str, Points], y_title: str, baseline: Points = (), style: CurveStyle = PLAIN
    ) -> go.Figure:
        """Return what `curve_figure` makes of these curves; `key` names the chart."""
        drawn = (style, tuple(series), *series.values(), baseline)
        # Lists that are the same object are equal at once, however long they are.
        if key not in self._known or self._known[key][0] != drawn:
            self._known[key] = (drawn, curve_figure(series, y_title, baseline, style))
        return self._known[key][1]


def curve_figure(
    series: Mapping[str, Points], y_title: str, baseline: Points = (), style: CurveStyle = PLAIN
) -> go.Figure:
    """Draw lines over the training step; the baseline is dashed grey."""
    figure = go.Figure()
    for (name, points), colour in zip(series.items(), COLOURS * 4, strict=False):
        if style.smoothing > 0:
            _add_line(figure, points, colour, name=name, opacity=0.25, showlegend=False, hoverinfo="skip")
        _add_line(figure, smoothed(points, style.smoothing), colour, name=name)
    if baseline:
        figure.add_scatter(
            x=[p[0] for p in baseline], y=[p[1] for p in baseline], name="baseline", mode="lines",
            line={"color": BASELINE, "dash": "dash"},
        )  # fmt: skip
    figure.update_layout(
        height=290, margin={**MARGIN, "t": LEGEND_PX if len(figure.data) > 1 else MARGIN["t"]},
        xaxis_title="training step", yaxis_title=y_title,
        xaxis_automargin=False, yaxis_automargin=False,
        xaxis_type="log" if style.log_x else "linear", yaxis_type="log" if style.log_y else "linear",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip
    return figure


def _add_line(figure: go.Figure, points: Points, colour: str, **style: Any) -> None:
    thin = thinned(points)
    mode = "lines+markers" if len(thin) < 40 else "lines"
    line = {"color": colour, "width": 2}
    figure.add_scatter(x=[p[0] for p in thin], y=[p[1] for p in thin], mode=mode, line=line, **style)

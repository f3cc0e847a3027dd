"""Curves of a training over its steps."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from pages.charts.palette import BASELINE, COLOURS

Points = Sequence[tuple[int, float]]
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


class KeptFigures:
    """Figures of curves that are drawn again and again, made anew only where a curve has other points."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[object, ...], go.Figure]] = {}

    def figure(
        self, key: str, series: Mapping[str, Points], y_title: str, baseline: Points = (), log_y: bool = False
    ) -> go.Figure:
        """Return what `curve_figure` makes of these curves; `key` names the chart."""
        drawn = (tuple(series), *series.values(), baseline)
        # Lists that are the same object are equal at once, however long they are.
        if key not in self._known or self._known[key][0] != drawn:
            self._known[key] = (drawn, curve_figure(series, y_title, baseline, log_y))
        return self._known[key][1]


def curve_figure(series: Mapping[str, Points], y_title: str, baseline: Points = (), log_y: bool = False) -> go.Figure:
    """Draw lines over the training step; the baseline is dashed grey."""
    figure = go.Figure()
    for (name, points), colour in zip(series.items(), COLOURS * 4, strict=False):
        thin = thinned(points)
        mode = "lines+markers" if len(thin) < 40 else "lines"
        figure.add_scatter(
            x=[p[0] for p in thin], y=[p[1] for p in thin], name=name, mode=mode, line={"color": colour, "width": 2}
        )
    if baseline:
        figure.add_scatter(
            x=[p[0] for p in baseline], y=[p[1] for p in baseline], name="baseline", mode="lines",
            line={"color": BASELINE, "dash": "dash"},
        )  # fmt: skip
    figure.update_layout(
        height=320, margin={"l": 60, "r": 10, "t": 10, "b": 45}, xaxis_title="training step", yaxis_title=y_title,
        yaxis_type="log" if log_y else "linear", legend={"orientation": "h", "y": 1.12}, template="simple_white",
    )  # fmt: skip
    return figure

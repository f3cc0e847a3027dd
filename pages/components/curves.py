"""Curves of a training."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

Points = Sequence[tuple[int, float]]
_MOST_POINTS = 1500
COLOURS = (
    "#1f5f8b", "#c2571a", "#4a8f5c", "#8a5fa8", "#c79a2b", "#4aa3b5", "#b2557e", "#5b6b2f", "#7a4a2b", "#6b6f76",
)  # fmt: skip
"""As many as a loss has parts, so that no two curves look alike."""


def curve_figure(series: Mapping[str, Points], y_title: str, floor: Points = (), log_y: bool = False) -> go.Figure:
    """Lines over the training step; the floor is dashed grey."""
    figure = go.Figure()
    for (name, points), colour in zip(series.items(), COLOURS * 4, strict=False):
        thin = points[:: max(1, len(points) // _MOST_POINTS)]
        mode = "lines+markers" if len(thin) < 40 else "lines"
        figure.add_scatter(
            x=[p[0] for p in thin], y=[p[1] for p in thin], name=name, mode=mode, line={"color": colour, "width": 2}
        )
    if floor:
        figure.add_scatter(
            x=[p[0] for p in floor], y=[p[1] for p in floor], name="floor", mode="lines",
            line={"color": "#8b949b", "dash": "dash"},
        )  # fmt: skip
    figure.update_layout(
        height=320, margin={"l": 60, "r": 10, "t": 10, "b": 45}, xaxis_title="training step", yaxis_title=y_title,
        yaxis_type="log" if log_y else "linear", legend={"orientation": "h", "y": 1.12}, template="simple_white",
    )  # fmt: skip
    return figure

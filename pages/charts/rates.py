"""The loss over the learning rate of a range test."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pages.charts.palette import COLOURS


def rate_figure(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggestion: float | None
) -> go.Figure:
    """Draw single losses as points, the smoothed ones as a line, and the suggested rate as a vertical line."""
    figure = go.Figure()
    figure.add_scatter(x=rates, y=losses, name="loss of a step", mode="markers", marker={"color": "#8b949b", "size": 5})
    figure.add_scatter(x=rates, y=smoothed, name="smoothed", mode="lines", line={"color": COLOURS[0], "width": 2})
    if suggestion is not None:
        # A trace, because the label of a shape on a logarithmic axis would stretch the axis.
        ends, line = [min(losses), max(losses)], {"color": COLOURS[1], "dash": "dash", "width": 2}
        figure.add_scatter(x=[suggestion] * 2, y=ends, name=f"steepest, {suggestion:.2g}", mode="lines", line=line)
    figure.update_layout(
        height=280, margin={"l": 60, "r": 10, "t": 10, "b": 45}, xaxis_title="learning rate", yaxis_title="loss",
        xaxis={"type": "log", "exponentformat": "power"}, legend={"orientation": "h", "y": 1.12},
    )  # fmt: skip
    return figure

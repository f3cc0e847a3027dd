"""Quality against the size of the network and the time of its outputs."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from pages.charts.curves import LEGEND_PX, MARGIN
from pages.compare.means import marker_of
from pages.widgets.scores import header
from pages.widgets.words import in_chart
from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.costs import MethodCost, devices, method_costs
from pipelines.evaluate.labels import method_names

_MARGIN = 0.1
"""Of the axis of scores beyond the best and the worst, as a fraction of their distance."""


class _Axis(NamedTuple):
    """The logarithmic axis of a plot."""

    title: str
    numbers: str
    """Format of the numbers at its ticks; without one, Plotly writes lone digits between the powers of ten."""


_SECONDS = _Axis("seconds per megapixel of output", "~g")
_PARAMETERS = _Axis("parameters of the network", "~s")


def show_costs(comparison: Comparison, metric: str) -> None:
    """Show both plots, as far as the evaluations recorded what they need."""
    costs = method_costs(comparison, metric)
    names = method_names(comparison)
    timed = [cost for cost in costs if cost.s_per_mp]
    sized = [cost for cost in costs if cost.parameters]
    st.subheader("Quality against speed and size")
    if timed or sized:
        left, right = st.columns(2)
        with left:
            _plot(timed, costs, names, metric, lambda cost: cost.s_per_mp, _SECONDS, "speed")
        with right:
            _plot(sized, costs, names, metric, lambda cost: cost.parameters, _PARAMETERS, "size")
        _say(costs)
    else:
        st.caption("These evaluations are of an earlier version, which did not record time and size; score again.")


def _plot(
    costs: Sequence[MethodCost],
    every: Sequence[MethodCost],
    names: dict[str, str],
    metric: str,
    value: Callable[[MethodCost], float | None],
    axis: _Axis,
    key: str,
) -> None:
    figure = go.Figure()
    for cost in costs:
        figure.add_scatter(
            x=[value(cost)], y=[cost.score.mean], mode="markers", name=in_chart(names[cost.method]),
            hovertemplate="%{x:.3g}<br>%{y:.4g}", marker={"size": 11, **marker_of(cost.method, list(names))},
        )  # fmt: skip
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        height=360, margin={**MARGIN, "r": 20, "t": LEGEND_PX}, legend=legend,
        xaxis={"type": "log", "title": axis.title, "dtick": "D2", "tickformat": axis.numbers, "automargin": False},
        yaxis={"title": header(metric), "range": _range(every), "automargin": False},
    )  # fmt: skip
    st.plotly_chart(figure, key=f"cost-{key}")


def _range(costs: Sequence[MethodCost]) -> tuple[float, float] | None:
    """Return the ends of the axis of scores, the same in both plots; None, which leaves them to the plot, if alike."""
    means = [cost.score.mean for cost in costs if isfinite(cost.score.mean)]
    low, high = min(means, default=0.0), max(means, default=0.0)
    return (low - _MARGIN * (high - low), high + _MARGIN * (high - low)) if high > low else None


def _say(costs: list[MethodCost]) -> None:
    found = devices(costs)
    where = f"Measured during the evaluation on {' and '.join(found)}: the median over images. " if found else ""
    different = "Times on different devices cannot be compared. " if len(found) > 1 else ""
    unknown = sum(cost.s_per_mp is None for cost in costs)
    rest = f"Without a time: {unknown}, scored by an earlier version." if unknown else ""
    st.caption(f"{where}{different}{rest}")

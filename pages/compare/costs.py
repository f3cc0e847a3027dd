"""Quality against the size of the network and the time of its outputs."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import streamlit as st

from pages.charts.curves import LEGEND_PX, MARGIN
from pages.compare.means import marker_of
from pages.widgets.scores import header
from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.costs import MethodCost, devices, method_costs
from pipelines.evaluate.labels import method_names


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
            _plot(timed, names, metric, lambda cost: cost.s_per_mp, "seconds per megapixel of output", "speed")
        with right:
            _plot(sized, names, metric, lambda cost: cost.parameters, "parameters of the network", "size")
        _say(costs)
    else:
        st.caption("These evaluations are of an earlier version, which did not record time and size; score again.")


def _plot(
    costs: Sequence[MethodCost],
    names: dict[str, str],
    metric: str,
    value: Callable[[MethodCost], float | None],
    title: str,
    key: str,
) -> None:
    figure = go.Figure()
    for cost in costs:
        figure.add_scatter(
            x=[value(cost)], y=[cost.score.mean], mode="markers", name=names[cost.method],
            hovertemplate="%{x:.3g}<br>%{y:.4g}", marker={"size": 11, **marker_of(cost.method, list(names))},
        )  # fmt: skip
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        height=360, margin={**MARGIN, "r": 20, "t": LEGEND_PX}, legend=legend,
        xaxis={"type": "log", "title": title, "automargin": False}, yaxis_title=header(metric), yaxis_automargin=False,
    )  # fmt: skip
    st.plotly_chart(figure, key=f"cost-{key}")


def _say(costs: list[MethodCost]) -> None:
    found = devices(costs)
    where = f"Measured during the evaluation on {' and '.join(found)}: the median over images. " if found else ""
    different = "Times on different devices cannot be compared. " if len(found) > 1 else ""
    unknown = sum(cost.s_per_mp is None for cost in costs)
    rest = f"Without a time: {unknown}, scored by an earlier version." if unknown else ""
    st.caption(f"{where}{different}{rest}")

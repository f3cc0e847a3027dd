"""How curves are drawn: smoothing and logarithmic axes, chosen once for all charts of a view."""

import streamlit as st

from pages.charts.curves import CurveStyle


def chosen_style(view: str) -> CurveStyle:
    """Let the user choose; `view` names the widgets."""
    with st.popover("Smoothing and axes", icon=":material/tune:"):
        smoothing = st.slider(
            "Smoothing", 0.0, 0.99, 0.0, 0.01, key=f"smoothing-{view}",
            help="Weight of the values before, in an exponential average. The measured curve stays visible behind it.",
        )  # fmt: skip
        log_y = st.toggle("Logarithmic loss", True, key=f"log-y-{view}")
        log_x = st.toggle("Logarithmic steps", False, key=f"log-x-{view}")
    return CurveStyle(log_x, log_y, smoothing)

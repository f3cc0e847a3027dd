"""A learning rate from a range test: asked for, plotted, and taken over."""

import streamlit as st

from pages.charts.rates import rate_figure
from pages.widgets.tasks import launch, watched
from pipelines.train.requests import FindRateRequest

RATE = "rate"


def offer_rate(request: FindRateRequest, disabled: bool) -> None:
    """Offer a range test."""
    what = "One step at each of 100 growing rates; nothing is kept of them."
    if st.button("Find a learning rate", icon=":material/monitoring:", disabled=disabled, help=what):
        launch(RATE, request)
        st.rerun()


def show_rate(request: FindRateRequest, key: str) -> None:
    """Show a range test that runs or has ended; `key` is that of the widget that takes the learning rate."""
    state = watched(RATE)
    if state is None or state.result is None:
        return
    found, asked = state.result, state.request
    rate = found["suggestion"]
    st.markdown("**Learning rate**")
    figure = rate_figure(found["rates"], found["losses"], found["smoothed"], rate)
    st.plotly_chart(figure, key="rate-chart")
    if rate is None:
        st.caption(
            "Nothing found: before it rises, the loss does not fall clearly more than it scatters from step to step. "
            "Keep the rate of the recipe, or try again with larger batches, whose loss scatters less."
        )
        return
    st.caption(
        f"The loss of {asked['recipe'] or 'the branch'} falls most steeply at {rate:.2g}. Where it is flat the rate is "
        "too low, where it rises too high. A warm-up and a falling schedule allow about this rate at their highest."
    )
    if (asked["recipe"], asked["branch"]) == (request.recipe, request.branch):
        st.button(f"Use {rate:.2g}", key="use-rate", on_click=_use, args=(key, rate))


def _use(key: str, rate: float) -> None:
    st.session_state[key] = float(f"{rate:.2g}")

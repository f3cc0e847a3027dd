"""A line across an open page while its server is away, instead of advice to whoever started the server."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component("sem_away", js=(Path(__file__).with_name("away.js")).read_text())


def watch_connection() -> None:
    """Let the browser watch the connection; what it shows then cannot come from the server."""
    _component(key="away")

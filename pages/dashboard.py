"""The pages with what stands beside each, and nothing else; `app.py` and `installed.py` serve it."""

from pathlib import Path

import pandas  # noqa: F401  (imported whole before a rerun can meet it half imported)
import plotly.graph_objects
import plotly.io
import streamlit as st

from pages.widgets.away.component import watch_connection
from pages.widgets.gate import enter, show_person
from pages.widgets.screens import FIRST, SCREENS
from pages.widgets.tray import show_tray
from pipelines.tracking.opening import go_on

st.set_page_config(page_title="SEM Workbench", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide")
st.html(Path(__file__).with_name("style.css"))
if plotly.io.templates.default != "simple_white":  # set or named in a figure, it is checked each time: 5 to 10 ms
    plotly.io.templates.default = "simple_white"

person = enter()
page = st.navigation(
    [
        st.Page(f"{name}/page.py", title=title, icon=icon, url_path=name, default=name == FIRST)
        for name, (title, icon) in SCREENS.items()
    ]
)


def show_around_page() -> None:
    """Show what stands beside every page."""
    show_tray()
    watch_connection()
    show_person(person)
    go_on()


try:
    page.run()
except Exception:
    show_around_page()  # a page that fails takes nothing with it
    raise
show_around_page()

"""SEM Workbench in the browser: `streamlit run app.py`.

This file only serves `pages/dashboard.py`, so that no folder called `pages` lies beside the main script: Streamlit
would take that for its older kind of multi-page app and answer the first deep link with an error.
"""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pages.ahead import import_ahead
from pipelines.jobs.fork_server import fork_server
from pipelines.tracking.opening import open_ahead, wait_until_open


@asynccontextmanager
async def _opening(_: st.App) -> AsyncIterator[None]:
    open_ahead()
    threading.Thread(target=_ahead, daemon=True, name="importing ahead").start()
    with fork_server(wait=wait_until_open):
        yield


def _ahead() -> None:
    wait_until_open()
    import_ahead()


app = st.App("pages/dashboard.py", lifespan=_opening)

"""SEM Workbench in the browser: `streamlit run app.py`.

This file only serves `pages/dashboard.py`, so that no folder called `pages` lies beside the main script: Streamlit
would take that for its older kind of multi-page app and answer the first deep link with an error.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pipelines.jobs.fork_server import fork_server
from pipelines.tracking.opening import open_ahead, wait_until_open


@asynccontextmanager
async def _opening(_: st.App) -> AsyncIterator[None]:
    open_ahead()
    with fork_server(wait=wait_until_open):
        yield


app = st.App("pages/dashboard.py", lifespan=_opening)

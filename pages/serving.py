"""What the server of the dashboard does besides showing pages: open the store ahead, and send images to the viewer."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.routing import BaseRoute

from pages.ahead import import_ahead
from pages.widgets.viewer.assets import asset_route
from pages.widgets.viewer.prefix import url_prefix
from pipelines.jobs.fork_server import fork_server
from pipelines.tracking.opening import open_ahead, wait_until_open
from pipelines.viewing.routes import image_routes


@asynccontextmanager
async def opening(_: st.App) -> AsyncIterator[None]:
    """Open the tracking store and start the fork server while the first page is loaded."""
    open_ahead()
    threading.Thread(target=_import_ahead, daemon=True, name="importing ahead").start()
    with fork_server(wait=wait_until_open):
        yield


def _import_ahead() -> None:
    wait_until_open()
    import_ahead()


def routes() -> list[BaseRoute]:
    """Return the routes of the dashboard's own, below the same path as the pages."""
    prefix = url_prefix()
    return [asset_route(prefix), *image_routes(prefix)]

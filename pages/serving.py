"""What the server of the dashboard does besides showing pages: open the store ahead, and send images to the viewer."""

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import runtime

from pages.ahead import import_ahead, import_before_opening
from pages.people.door import SignedInOnly
from pages.people.media import name_files_by_person
from pages.people.reach import refuse_open_desk
from pages.people.requests import person_of_request
from pages.widgets.document import document_routes
from pages.widgets.viewer.assets import asset_route
from pages.widgets.viewer.prefix import url_prefix
from pipelines.jobs.fork_server import fork_server
from pipelines.tracking.opening import open_ahead, wait_until_open
from pipelines.viewing.download import download_route
from pipelines.viewing.routes import image_routes


@asynccontextmanager
async def opening(_: st.App) -> AsyncIterator[None]:
    """Keep people's files apart; open the tracking store and start the fork server while the first page is loaded."""
    name_files_by_person(runtime.get_instance().media_file_mgr)
    open_ahead(import_before_opening)
    sys.stdout.write(f"SEM Workbench: {_address()}\n")
    sys.stdout.flush()
    threading.Thread(target=import_ahead, daemon=True, name="importing ahead").start()
    with fork_server(wait=wait_until_open):
        yield


def _address() -> str:
    """Return where a browser on this machine finds the dashboard."""
    protocol = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{protocol}://{st.get_option('server.address') or 'localhost'}:{st.get_option('server.port')}{url_prefix()}"


def routes() -> list[BaseRoute]:
    """Return the routes of the dashboard's own, below the same path as the pages."""
    prefix = url_prefix()
    return [
        *document_routes(prefix),
        asset_route(prefix),
        *image_routes(prefix, person_of_request),
        download_route(prefix, person_of_request),
    ]


def middleware() -> list[Middleware]:
    """Return what stands before all routes, those of Streamlit included."""
    refuse_open_desk()
    return [Middleware(SignedInOnly, prefix=url_prefix())]

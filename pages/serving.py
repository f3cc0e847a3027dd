"""What the server of the dashboard does besides showing pages: open the store ahead, and send images to the viewer."""

import importlib
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import runtime

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

_PAGES = Path(__file__).parent


@asynccontextmanager
async def opening(_: st.App) -> AsyncIterator[None]:
    """Keep people's files apart; open the tracking store and start the fork server while the first page is loaded."""
    name_files_by_person(runtime.get_instance().media_file_mgr)
    open_ahead()
    sys.stdout.write(f"SEM Workbench: {_address()}\n")
    sys.stdout.flush()
    threading.Thread(target=_import_ahead, daemon=True, name="importing ahead").start()
    with fork_server(wait=wait_until_open):
        yield


def _address() -> str:
    """Return where a browser on this machine finds the dashboard."""
    protocol = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{protocol}://{st.get_option('server.address') or 'localhost'}:{st.get_option('server.port')}{url_prefix()}"


def _import_ahead() -> None:
    """Import what the pages need, for which the first visit would wait; not what acts when it is imported."""
    wait_until_open()
    for path in sorted(_PAGES.rglob("*.py")):
        if path.name not in ("page.py", "dashboard.py", "installed.py", "__main__.py"):
            inside = path.relative_to(_PAGES.parent).with_suffix("")
            importlib.import_module(".".join(inside.parts).removesuffix(".__init__"))
    importlib.import_module("sem_models.methods.table")  # with PyTorch, for which Train waits as soon as it is opened


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

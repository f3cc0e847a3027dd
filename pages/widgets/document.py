"""The HTML document of a page that is opened by its own address.

Streamlit's program in the browser does not know how many parts of `/data` are the place of the dashboard and how many
the name of a page. On each visit it would first ask for `/data/_stcore/health` and `/data/_stcore/host-config`, which
do not exist. The document tells it.
"""

from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from pages.widgets.screens import SCREENS

_SCRIPT = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}</script>'
"""Worked out in the browser: a proxy may serve the dashboard below a path of which this server knows nothing."""
_PLACE = "<head>"


def document_routes(prefix: str = "") -> list[Route]:
    """Return the routes `PREFIX/PAGE`."""
    return [Route(f"{prefix}/{name}", _document, methods=["GET"]) for name in SCREENS]


def _document(_: Request) -> HTMLResponse:
    return HTMLResponse(document(), headers={"Cache-Control": "no-cache"})


@cache
def document() -> str:
    """Return Streamlit's own document with the script at its beginning."""
    text = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    return text.replace(_PLACE, f"{_PLACE}\n    {_SCRIPT}", 1)

"""The HTML documents of pages that are opened by their own address, and of addresses at which there is no page.

Streamlit's program in the browser does not know how many parts of `/data` are the place of the dashboard and how many
the name of a page. On each visit it would first ask for `/data/_stcore/health` and `/data/_stcore/host-config`, which
do not exist. The document tells it. Of an address without a page it would say that a file is missing on the server.
"""

from functools import cache
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from pages.widgets.screens import SCREENS

_SCRIPT = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}</script>'
"""Worked out in the browser: a proxy may serve the dashboard below a path of which this server knows nothing."""
_PLACE = "<head>"
_NO_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>No such page · SEM Workbench</title>
<style>
:root {{ color-scheme: light dark; color: light-dark(#0e1418, #e9eef2); background: light-dark(#fbfcfd, #12171b); }}
body {{ font: 15px/1.6 sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1.5rem; }}
h1 {{ font-size: 1.5rem; font-weight: 650; }}
a {{ color: light-dark(#1f5f8b, #8cc4ea); margin-right: 1rem; }}
</style></head>
<body><main><h1>There is no page “{name}”</h1>
<p>The address may be mistyped, or come from another version of SEM Workbench. These pages exist:</p>
<nav>{links}</nav></main></body>
</html>
"""


class _NameOfPage(StringConvertor):
    """What people may take for the name of a page: no file, and not where the sign-in comes back to."""

    regex = "(?!oauth2callback$)[A-Za-z][A-Za-z0-9-]*"


register_url_convertor("name_of_page", _NameOfPage())


def document_routes(prefix: str = "") -> list[Route]:
    """Return the routes `PREFIX/PAGE`, and that of names which no page has."""
    known = [Route(f"{prefix}/{name}", _document, methods=["GET"]) for name in SCREENS]
    return [*known, Route(f"{prefix}/{{name:name_of_page}}", _no_page, methods=["GET"])]


def _no_page(request: Request) -> HTMLResponse:
    links = " ".join(f'<a href="{name}">{title}</a>' for name, (title, _) in SCREENS.items())
    return HTMLResponse(_NO_PAGE.format(name=escape(request.path_params["name"]), links=links), 404)


def _document(_: Request) -> HTMLResponse:
    return HTMLResponse(document(), headers={"Cache-Control": "no-cache"})


@cache
def document() -> str:
    """Return Streamlit's own document with the script at its beginning."""
    text = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    return text.replace(_PLACE, f"{_PLACE}\n    {_SCRIPT}", 1)

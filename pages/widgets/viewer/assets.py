"""The files that the browser needs for the viewer, served by the dashboard itself: nothing comes from outside."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).with_name("browser")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}
_FILES = {path.name: path for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES}
VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in _FILES.values())).hexdigest()[:16]
"""Part of the address, so that a browser never mixes the files of two versions."""


def asset_route(prefix: str = "") -> Route:
    """Return the route `PREFIX/viewer/VERSION/NAME`; names are looked up in a table, so that none leads elsewhere."""
    return Route(f"{prefix}/viewer/{VERSION}/{{name}}", _asset)


def _asset(request: Request) -> Response:
    path = _FILES.get(request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such file.", 404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(path.read_bytes(), media_type=_TYPES[path.suffix], headers=headers)

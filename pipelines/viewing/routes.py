"""What a browser asks about images: facts, tiles and measurements.

Only tickets lead to an image, never paths, and only the person to whom a ticket was issued may use it.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.json_safe import to_json_safe
from pipelines.people.person import Person, local_person
from pipelines.viewing.answers import Who, answered
from pipelines.viewing.measure import Difference, difference, line_profile
from pipelines.viewing.pyramid import Pyramid
from pipelines.viewing.spectra import Field, RadialCurve, agreement, radial_spectrum
from pipelines.viewing.tickets import OFFICE
from pipelines.viewing.tiles import OVERLAP_PX, TILE_PX, compressed, tile, tile_bytes

_KEPT = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
"""A token is never used for another image, so that what a browser has need not be asked for again."""
Opened = Callable[[str], Pyramid]
"""Opens the image of a token for whoever asks."""
Answer = Callable[[Request, Opened], Response]


def image_routes(prefix: str = "", who: Who = lambda _: local_person()) -> list[Route]:
    """Return the routes `PREFIX/view/TOKEN/...`; `who` tells who sends a request."""
    place = f"{prefix}/view/{{token}}"
    answers = {
        place: _about,
        f"{place}/tile/{{level:int}}/{{column:int}}/{{row:int}}": _tile,
        f"{place}/profile": _profile,
        f"{place}/difference/{{reference}}": _difference,
        f"{place}/spectrum": _spectrum,
        f"{place}/agreement/{{reference}}": _agreement,
    }
    return [Route(path, answered(_on_image(answer), who)) for path, answer in answers.items()]


def _on_image(answer: Answer) -> Callable[[Request, Person], Response]:
    """Let an answer open the images that whoever asks has tickets for."""
    return lambda request, person: answer(request, lambda token: OFFICE.opened(token, person))


def _about(request: Request, opened: Opened) -> Response:
    pyramid = _image(request, opened)
    about = {
        "width": pyramid.width,
        "height": pyramid.height,
        "levels": len(pyramid.levels),
        "bytes": pyramid.levels[0].dtype.itemsize,
        "tilePx": TILE_PX,
        "overlap": OVERLAP_PX,
        "code": asdict(pyramid.code),
        "facts": asdict(pyramid.facts),
        "summary": asdict(pyramid.summary),
    }
    return JSONResponse(to_json_safe(about), headers=_KEPT)


def _tile(request: Request, opened: Opened) -> Response:
    place: dict[str, Any] = request.path_params
    content = tile_bytes(tile(_image(request, opened), place["level"], place["column"], place["row"]))
    headers = dict(_KEPT)
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = compressed(content)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _profile(request: Request, opened: Opened) -> Response:
    x0, y0, x1, y1 = (float(request.query_params.get(name, "")) for name in ("x0", "y0", "x1", "y1"))
    across = int(request.query_params.get("across", "1"))
    return JSONResponse(
        {"values": line_profile(_image(request, opened), (x0, y0), (x1, y1), across).tolist()}, headers=_KEPT
    )


def _difference(request: Request, opened: Opened) -> Response:
    return _told(difference(_image(request, opened), _reference(request, opened), _field(request)))


def _spectrum(request: Request, opened: Opened) -> Response:
    return _told(radial_spectrum(_image(request, opened), _field(request)))


def _agreement(request: Request, opened: Opened) -> Response:
    return _told(agreement(_image(request, opened), _reference(request, opened), _field(request)))


def _image(request: Request, opened: Opened) -> Pyramid:
    return opened(request.path_params["token"])


def _reference(request: Request, opened: Opened) -> Pyramid:
    return opened(request.path_params["reference"])


def _field(request: Request) -> Field:
    left, top, right, bottom = (int(request.query_params.get(name, "")) for name in ("left", "top", "right", "bottom"))
    return left, top, right, bottom


def _told(found: Difference | RadialCurve) -> Response:
    return JSONResponse(to_json_safe(asdict(found)), headers=_KEPT)

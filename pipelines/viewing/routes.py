"""What a browser asks about images: facts, tiles and measurements. Only tickets lead to an image, never paths."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipelines.json_safe import to_json_safe
from pipelines.viewing.measure import Difference, difference, line_profile
from pipelines.viewing.pyramid import Pyramid
from pipelines.viewing.spectra import Field, RadialCurve, agreement, radial_spectrum
from pipelines.viewing.tickets import OFFICE
from pipelines.viewing.tiles import OVERLAP_PX, TILE_PX, compressed, tile, tile_bytes
from sem_models.errors import UserError

_KEPT = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
"""A token is never used for another image, so that what a browser has need not be asked for again."""
_UNKNOWN = "This image is not open. Load the page again."
Answer = Callable[[Request, Pyramid], Response]


def image_routes(prefix: str = "") -> list[Route]:
    """Return the routes `PREFIX/view/TOKEN/...`."""
    place = f"{prefix}/view/{{token}}"
    return [
        Route(place, _answered(_about)),
        Route(f"{place}/tile/{{level:int}}/{{column:int}}/{{row:int}}", _answered(_tile)),
        Route(f"{place}/profile", _answered(_profile)),
        Route(f"{place}/difference/{{reference}}", _answered(_difference)),
        Route(f"{place}/spectrum", _answered(_spectrum)),
        Route(f"{place}/agreement/{{reference}}", _answered(_agreement)),
    ]


def _answered(answer: Answer) -> Callable[[Request], Response]:
    """Open the image of the token; Starlette runs what is not a coroutine in a thread."""

    def endpoint(request: Request) -> Response:
        try:
            return answer(request, OFFICE.pyramid(request.path_params["token"]))
        except LookupError:
            return PlainTextResponse(_UNKNOWN, 404)
        except UserError as error:
            return PlainTextResponse(str(error), 422)
        except ValueError as error:
            return PlainTextResponse(f"The request makes no sense: {error}", 400)

    return endpoint


def _about(request: Request, pyramid: Pyramid) -> Response:  # noqa: ARG001
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


def _tile(request: Request, pyramid: Pyramid) -> Response:
    place: dict[str, Any] = request.path_params
    content = tile_bytes(tile(pyramid, place["level"], place["column"], place["row"]))
    headers = dict(_KEPT)
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = compressed(content)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _profile(request: Request, pyramid: Pyramid) -> Response:
    x0, y0, x1, y1 = (float(request.query_params.get(name, "")) for name in ("x0", "y0", "x1", "y1"))
    across = int(request.query_params.get("across", "1"))
    return JSONResponse({"values": line_profile(pyramid, (x0, y0), (x1, y1), across).tolist()}, headers=_KEPT)


def _difference(request: Request, pyramid: Pyramid) -> Response:
    return _told(difference(pyramid, _reference(request), _field(request)))


def _spectrum(request: Request, pyramid: Pyramid) -> Response:
    return _told(radial_spectrum(pyramid, _field(request)))


def _agreement(request: Request, pyramid: Pyramid) -> Response:
    return _told(agreement(pyramid, _reference(request), _field(request)))


def _reference(request: Request) -> Pyramid:
    return OFFICE.pyramid(request.path_params["reference"])


def _field(request: Request) -> Field:
    left, top, right, bottom = (int(request.query_params.get(name, "")) for name in ("left", "top", "right", "bottom"))
    return left, top, right, bottom


def _told(found: Difference | RadialCurve) -> Response:
    return JSONResponse(to_json_safe(asdict(found)), headers=_KEPT)

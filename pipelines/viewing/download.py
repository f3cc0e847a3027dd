"""The route by which a browser downloads a file."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from pipelines.people.person import Person, local_person
from pipelines.viewing.answers import Who, answered
from pipelines.viewing.tickets import DOWNLOADS


def download_route(prefix: str = "", who: Who = lambda _: local_person()) -> Route:
    """Return the route `PREFIX/download/TOKEN`; only tickets lead to files, never paths."""
    return Route(f"{prefix}/download/{{token}}", answered(_download, who))


def _download(request: Request, person: Person) -> Response:
    asked = DOWNLOADS.opened(request.path_params["token"], person)
    asked.check()
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(asked.name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(asked.pieces(), media_type=asked.media_type, headers=headers)

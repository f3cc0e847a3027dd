"""The door of the server: what may be asked over HTTP, by whom, and how much may be sent."""

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.people.media import is_of
from pages.people.reach import is_name_of_desk
from pages.people.requests import person_of_request
from pages.people.session import asks_to_sign_in
from pipelines.people.lab import find_lab
from pipelines.people.permissions import Action, may
from sem_models.errors import UserError

_MEDIA, _UPLOAD = "media/", "_stcore/upload_file/"
GUARDED = (_MEDIA, _UPLOAD, "_stcore/agent", "_stcore/metrics", "view/", "download/")
"""Paths that hold or take people's data. The others are the program itself, the sign-in, and the connection of the
pages, which show nothing before somebody has signed in."""
_ASKED = ("http", "websocket")
_FORM_BYTES = 65_536
"""What a form adds to the file that it sends."""


class SignedInOnly:
    """Lets only people whom the lab admits to files, images and uploads; at a desk, only this machine, by its names."""

    def __init__(self, app: ASGIApp, prefix: str = "") -> None:
        """Stand before an application that is served below `prefix`."""
        self._app, self._prefix = app, f"{prefix}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401, 403, 404 or 413; a connection of a page is refused by 403."""
        path = str(scope.get("path", "")).removeprefix(self._prefix)
        if scope["type"] in _ASKED and not _is_lab() and not is_name_of_desk(HTTPConnection(scope).headers.get("host")):
            await _turn_away(scope, receive, send)
            return
        if scope["type"] != "http" or not path.startswith(GUARDED) or not _is_lab():
            await self._app(scope, receive, send)
            return
        answer = _refusal(HTTPConnection(scope), path)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self._app(scope, _Bounded(receive, _most_bytes()) if path.startswith(_UPLOAD) else receive, send)


class _Bounded:
    """Receives a body, and ends the connection where it grows beyond what its header promised or the lab allows."""

    def __init__(self, receive: Receive, most_bytes: int) -> None:
        self._receive, self._left = receive, most_bytes

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return message if self._left >= 0 else {"type": "http.disconnect"}


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a page of another site that has a browser take this machine for its own server (DNS rebinding)."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    text = (
        "This dashboard is one person's desk and answers only as localhost. If a proxy of yours gives it another name, "
        "put that name into STREAMLIT_BROWSER_SERVER_ADDRESS or, with others, into STREAMLIT_SERVER_ALLOWED_HOSTS."
    )
    await PlainTextResponse(text, 403)(scope, receive, send)


def _refusal(request: HTTPConnection, path: str) -> PlainTextResponse | None:
    """Return why a request is refused; None where it is not."""
    try:
        person = person_of_request(request)
    except UserError as error:
        return PlainTextResponse(str(error), 401)
    if path.startswith(_MEDIA) and not is_of(path.removeprefix(_MEDIA), person):
        return PlainTextResponse("There is no such file on your pages.", 404)
    if not path.startswith(_UPLOAD):
        return None
    if not may(person, Action.WORK):
        return PlainTextResponse(f"To upload files, the role {Action.WORK.least_role} is needed.", 403)
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _most_bytes():
        return PlainTextResponse("The file is larger than this lab allows.", 413)
    return None


def _is_lab() -> bool:
    """Tell whether people have to sign in; where the settings are broken, nobody is let in without."""
    try:
        return find_lab() is not None or asks_to_sign_in()
    except UserError:
        return True


def _most_bytes() -> int:
    lab = find_lab()
    return (lab.upload_mb * 10**6 if lab else 0) + _FORM_BYTES

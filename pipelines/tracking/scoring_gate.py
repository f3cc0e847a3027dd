"""What a request must be before the scoring server reads it: from whom, how large, and how many at a time."""

import asyncio
import contextlib
import hmac
import json
import re
from collections.abc import AsyncIterator

from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines.tracking.scoring import MOST_BODY_BYTES, MOST_HELD_BYTES, MOST_REQUESTS, TOKEN

_OPEN = ("/ping", "/health")
"""What anybody may ask: whether the server is there."""
_THIS_MACHINE = (b"localhost", b"127.0.0.1", b"[::1]")
_LATER_S = b"2"
"""When to ask again."""
_PORT = re.compile(rb":\d+$")
_CODES = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 503: "TEMPORARILY_UNAVAILABLE"}
"""MLflow's names of refusals."""


class Gate:
    """Refuses requests by their headers, before anything of their body is stored or parsed."""

    def __init__(
        self,
        app: ASGIApp,
        token: str = "",
        most_bytes: int = MOST_BODY_BYTES,
        most_held: int = MOST_HELD_BYTES,
        most_requests: int = MOST_REQUESTS,
        patience_s: float = 60,
        drain_s: float = 10,
    ) -> None:
        """Guard an application.

        Args:
            app: Gets the requests that are let through.
            token: Secret that clients send as `Authorization: Bearer TOKEN`. Without one, requests must name this
                machine as their host, so that a web page elsewhere cannot make a browser send them.
            most_bytes: Largest body of one request.
            most_held: Bytes of all bodies that are in hand at the same time.
            most_requests: Requests that are in hand at the same time, those that wait included.
            patience_s: How long a request waits for others to end.
            drain_s: How long the body of a refused request is received before it is answered.
        """
        self._app = app
        self._token = token.encode()
        self._most_bytes, self._most_held, self._patience_s = most_bytes, most_held, patience_s
        self._most_requests, self._drain_s = most_requests, drain_s
        self._held = self._requests = 0
        self._freed = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan" or scope.get("path") in _OPEN:
            await self._app(scope, receive, send)
            return
        headers = dict(scope.get("headers", ()))
        refused = self._stranger(headers) or self._unbounded(headers)
        if refused:
            await self._refuse(receive, send, *refused)
            return
        try:
            async with self._room(int(headers.get(b"content-length", 0))):
                await self._app(scope, receive, send)
        except _Full:
            reason = "The server has too many requests in hand; send this one again later."
            await self._refuse(receive, send, 503, reason)

    async def _refuse(self, receive: Receive, send: Send, status: int, reason: str) -> None:
        headers = [(b"content-type", b"application/json")]
        if not await self._is_drained(receive):
            headers.append((b"connection", b"close"))
        if status == 503:
            headers.append((b"retry-after", _LATER_S))
        body = json.dumps({"error_code": _CODES.get(status, "BAD_REQUEST"), "message": reason}).encode()
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _is_drained(self, receive: Receive) -> bool:
        """Receive and drop a body: many clients read an answer only after they have sent everything.

        Who sends twice what a request may have, or too slowly, is answered before the end, and cut off.
        """
        left = 2 * self._most_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._drain_s):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body"):
                        return True
        return False

    def _stranger(self, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        if self._token:
            kind, _, sent = headers.get(b"authorization", b"").partition(b" ")
            if kind.lower() == b"bearer" and hmac.compare_digest(sent.strip(), self._token):
                return None
            return 401, "This server answers only those who send its token: Authorization: Bearer TOKEN."
        if _PORT.sub(b"", headers.get(b"host", b"")).lower() in _THIS_MACHINE:
            return None
        return (
            403,
            f"This server answers only requests to localhost; for other names, start it with a token in {TOKEN}.",
        )

    def _unbounded(self, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        if b"transfer-encoding" in headers:
            return 411, "The request does not state its length; send a Content-Length header."
        # The HTTP server has checked that it is a number, and reads no more than it says.
        size = int(headers.get(b"content-length", 0))
        if size <= self._most_bytes:
            return None
        return 413, (
            f"The request has {size:,} bytes, but at most {self._most_bytes:,} are allowed; send fewer or smaller "
            "images in one request, or apply the model to files with `predict`."
        )

    @contextlib.asynccontextmanager
    async def _room(self, size: int) -> AsyncIterator[None]:
        """Wait until the body fits beside those in hand; nothing of it is read before.

        Who would wait behind too many others is sent away at once, and may ask another worker or another server.
        """
        if self._requests >= self._most_requests:
            raise _Full
        self._requests += 1
        try:
            async with self._space(size):
                yield
        finally:
            self._requests -= 1

    @contextlib.asynccontextmanager
    async def _space(self, size: int) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience_s), self._freed:
                await self._freed.wait_for(lambda: self._held + size <= self._most_held)
                self._held += size
        except TimeoutError as error:
            raise _Full from error
        try:
            yield
        finally:
            async with self._freed:
                self._held -= size
                self._freed.notify_all()


class _Full(Exception):
    """Too many requests are in hand, or no room was made in time."""

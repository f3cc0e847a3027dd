"""MLflow's scoring server behind a limit on the size of requests, as an ASGI application that uvicorn runs.

MLflow loads and parses a whole body before a model sees it, whatever its size.
"""

import json

from mlflow.pyfunc.scoring_server.app import app as scoring_server
from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines.tracking.scoring import MOST_BODY_BYTES


class LimitedBodies:
    """Refuses requests with a body of more than `most_bytes`, or of unknown size, before they are stored or parsed."""

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BODY_BYTES) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = dict(scope.get("headers", ()))
        if b"transfer-encoding" in headers:
            await _refuse(receive, send, 411, "The request does not state its length; send a Content-Length header.")
            return
        # The HTTP server has checked that it is a number, and reads no more than it says.
        size = int(headers.get(b"content-length", 0))
        if size > self._most_bytes:
            text = (
                f"The request has {size:,} bytes, but at most {self._most_bytes:,} are allowed; send fewer or smaller "
                "images in one request, or apply the model to files with `predict`."
            )
            await _refuse(receive, send, 413, text)
            return
        await self._app(scope, receive, send)


async def _refuse(receive: Receive, send: Send, status: int, reason: str) -> None:
    # Many clients read the answer only after they have sent everything, so the body is received and dropped.
    while (await receive()).get("more_body"):
        pass
    body = json.dumps({"error_code": "BAD_REQUEST", "message": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


app = LimitedBodies(scoring_server)

"""Bodies that are too large are refused before the scoring server sees them."""

import asyncio
import sys
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The middleware with a limit of 100 bytes around a server that counts what it receives."""
    stand_in = ModuleType("mlflow.pyfunc.scoring_server.app")
    stand_in.app = None  # type: ignore[attr-defined]  # the real one loads a model when it is imported
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    monkeypatch.delitem(sys.modules, "pipelines.tracking.scoring_app", raising=False)
    from pipelines.tracking.scoring_app import LimitedBodies

    async def server(scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(size).encode()})

    return LimitedBodies(server, 100)


def ask(app: Any, headers: list[tuple[bytes, bytes]], body: bytes, part: int = 40) -> tuple[int, str]:
    parts = [body[first : first + part] for first in range(0, len(body), part)] or [b""]
    messages = [{"type": "http.request", "body": p, "more_body": True} for p in parts]
    messages[-1]["more_body"] = False
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "headers": headers}, receive, send))
    assert not messages, "a client that sends before it reads would wait for ever"
    return sent[0]["status"], sent[1]["body"].decode()


def test_bodies_up_to_the_limit_pass_and_larger_ones_are_refused_with_a_reason(limited: Any) -> None:
    assert ask(limited, [(b"content-length", b"100")], b"a" * 100) == (200, "100")
    assert ask(limited, [], b"") == (200, "0")
    status, reason = ask(limited, [(b"content-length", b"101")], b"a" * 101)
    assert status == 413
    assert "101 bytes" in reason
    assert "at most 100" in reason


def test_bodies_of_unknown_size_are_refused(limited: Any) -> None:
    status, reason = ask(limited, [(b"transfer-encoding", b"chunked")], b"a" * 50)
    assert status == 411
    assert "Content-Length" in reason

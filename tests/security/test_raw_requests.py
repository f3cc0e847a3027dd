"""The scoring server and what no client sends by mistake: raw requests on a socket, each answered or cut off."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest

from pipelines.release import serve
from pipelines.release.requests import ServeRequest
from pipelines.tracking.scoring import MOST_REQUESTS
from tests.support.scoring_server import scoring_server

HOST, JSON, CLOSE = b"Host: localhost\r\n", b"Content-Type: application/json\r\n", b"Connection: close\r\n"
POST = b"POST /invocations HTTP/1.1\r\n"
REQUESTS: dict[str, tuple[bytes, int]] = {
    "head": (b"HEAD /invocations HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 405),
    "options": (b"OPTIONS /invocations HTTP/1.1\r\nOrigin: http://evil\r\n" + HOST + CLOSE + b"\r\n", 405),
    "no length": (POST + HOST + JSON + CLOSE + b"\r\n", 400),
    "a negative length": (POST + HOST + JSON + b"Content-Length: -5\r\n\r\n", 400),
    "a length that is no number": (POST + HOST + JSON + b"Content-Length: 1e3\r\n\r\n", 400),
    "two lengths": (POST + HOST + JSON + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}", 400),
    "a length beyond all numbers": (POST + HOST + JSON + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", 400),
    "chunks": (POST + HOST + JSON + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411),
    "a length and chunks": (
        POST + HOST + JSON + CLOSE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        411,
    ),
    "two hosts": (POST + b"Host: evil\r\n" + HOST + JSON + CLOSE + b"Content-Length: 2\r\n\r\n{}", 400),
    "no host": (POST + JSON + CLOSE + b"Content-Length: 2\r\n\r\n{}", 400),
    "another path": (b"POST //invocations HTTP/1.1\r\n" + HOST + JSON + CLOSE + b"Content-Length: 2\r\n\r\n{}", 404),
    "past the open door": (
        b"POST /ping/../invocations HTTP/1.1\r\nHost: evil\r\n" + JSON + CLOSE + b"Content-Length: 2\r\n\r\n{}", 403,
    ),
    "a byte that is no text": (b"GET /pi\0ng HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400),
    "not a number": (POST + HOST + JSON + CLOSE + b'Content-Length: 24\r\n\r\n{"inputs": [[[NaN,1e9]]]}', 400),
    "lists a thousand deep": (
        POST + HOST + JSON + CLOSE + b'Content-Length: 2012\r\n\r\n{"inputs":' + b"[" * 1000 + b"]" * 1000 + b" }", 400,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with scoring_server() as address:
        place = urlsplit(address)
        assert place.hostname and place.port
        yield place.hostname, place.port


def answer(server: tuple[str, int], *parts: bytes) -> bytes:
    """What comes back, however much of the parts could be sent."""
    with socket.create_connection(server, 30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            return connection.recv(4096)
        except ConnectionError:
            return b""


@pytest.mark.parametrize("what", REQUESTS)
def test_odd_requests_are_refused_with_a_status(what: str, server: tuple[str, int]) -> None:
    request, status = REQUESTS[what]
    assert answer(server, request).startswith(b"HTTP/1.1 %d " % status)
    assert answer(server, b"GET /ping HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begin", [POST + HOST + b"X: ", POST + HOST, b"GET /ping?"])
def test_headers_without_end_are_not_kept(begin: bytes, server: tuple[str, int]) -> None:
    filling = b"X: y\r\n" * 100_000 if begin == POST + HOST else b"a" * 600_000
    before = psutil.Process().memory_info().rss
    said = answer(server, begin, *[filling] * 400)
    assert not said.startswith(b"HTTP/1.1 200")
    assert psutil.Process().memory_info().rss - before < 100 * 2**20, "240 MB were sent"


def test_the_server_is_started_with_bounded_headers_and_connections(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    started: list[list[str]] = []

    class Process:
        def __init__(self, command: list[str], **_: object) -> None:
            started.append(command)

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(serve.subprocess, "Popen", Process)
    serve._run_server(tmp_path, ServeRequest(model="starter:denoise"))
    (command,) = started
    assert command[command.index("--http") + 1] == "h11"
    assert int(command[command.index("--limit-concurrency") + 1]) > MOST_REQUESTS

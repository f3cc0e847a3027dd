"""Requests are refused by their headers: strangers, bodies too large or of unknown size, too many at a time."""

import asyncio
from typing import Any

import pytest

from pipelines.tracking.scoring_gate import Gate

HERE = (b"host", b"localhost:5001")


async def counting(scope: Any, receive: Any, send: Any) -> None:
    """A server that answers with the number of bytes that it received."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


async def asked(
    gate: Gate, headers: list[tuple[bytes, bytes]], body: bytes = b"", path: str = "/invocations"
) -> tuple[int, str]:
    parts = [body[first : first + 40] for first in range(0, len(body), 40)] or [b""]
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages[-1]["more_body"] = False
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await gate({"type": "http", "headers": headers, "path": path}, receive, send)
    assert not messages, "a client that sends before it reads would wait for ever"
    return sent[0]["status"], sent[1]["body"].decode()


def ask(gate: Gate, *headers: tuple[bytes, bytes], body: bytes = b"", path: str = "/invocations") -> tuple[int, str]:
    return asyncio.run(asked(gate, list(headers), body, path))


def test_bodies_up_to_the_limit_pass_and_larger_ones_are_refused_with_a_reason() -> None:
    gate = Gate(counting, most_bytes=100)
    assert ask(gate, HERE, (b"content-length", b"100"), body=b"a" * 100) == (200, "100")
    assert ask(gate, HERE) == (200, "0")
    status, reason = ask(gate, HERE, (b"content-length", b"101"), body=b"a" * 101)
    assert status == 413
    assert "101 bytes" in reason
    assert "at most 100" in reason


def test_bodies_of_unknown_size_are_refused() -> None:
    status, reason = ask(Gate(counting), HERE, (b"transfer-encoding", b"chunked"), body=b"a" * 50)
    assert status == 411
    assert "Content-Length" in reason


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:80", b"[::1]:5001", b"[::1]", b"LOCALHOST:1"])
def test_without_a_token_this_machine_is_answered(host: bytes) -> None:
    assert ask(Gate(counting), (b"host", host))[0] == 200


@pytest.mark.parametrize("host", [b"evil.example", b"localhost.evil.example:5001", b"10.0.0.1:5001", b""])
def test_without_a_token_other_names_are_refused(host: bytes) -> None:
    """A page of another site may resolve its own name to 127.0.0.1 (DNS rebinding)."""
    status, reason = ask(Gate(counting), (b"host", host))
    assert status == 403
    assert "SEM_SERVE_TOKEN" in reason


@pytest.mark.parametrize("sent", [b"Bearer secret-secret", b"bearer  secret-secret"])
def test_the_token_opens_the_gate_under_any_name(sent: bytes) -> None:
    assert ask(Gate(counting, "secret-secret"), (b"host", b"lab.example"), (b"authorization", sent))[0] == 200


@pytest.mark.parametrize(
    "sent", [b"", b"Bearer", b"Bearer secret-secre", b"Bearer secret-secret2", b"Basic secret-secret"]
)
def test_other_tokens_are_refused_and_not_repeated(sent: bytes) -> None:
    status, reason = ask(Gate(counting, "secret-secret"), HERE, (b"authorization", sent))
    assert status == 401
    assert "secret" not in reason


def test_anybody_may_ask_whether_the_server_is_there() -> None:
    assert ask(Gate(counting, "secret-secret"), (b"host", b"lab.example"), path="/ping")[0] == 200


def test_bodies_wait_until_there_is_room_for_them() -> None:
    """Of three bodies of 60 bytes, one fits into 100; the others go on as soon as it has been answered."""
    inside: list[int] = []
    together: list[int] = []

    async def busy(scope: Any, receive: Any, send: Any) -> None:
        inside.append(1)
        together.append(len(inside))
        await asyncio.sleep(0)
        await counting(scope, receive, send)
        inside.pop()

    async def three() -> list[tuple[int, str]]:
        gate = Gate(busy, most_held=100)
        headers = [HERE, (b"content-length", b"60")]
        return await asyncio.gather(*(asked(gate, headers, b"a" * 60) for _ in range(3)))

    assert asyncio.run(three()) == [(200, "60")] * 3
    assert together == [1, 1, 1]


def test_who_waits_too_long_is_sent_away() -> None:
    async def two() -> tuple[int, str]:
        never = asyncio.Event()

        async def stuck(scope: Any, receive: Any, send: Any) -> None:
            await never.wait()
            await counting(scope, receive, send)

        gate = Gate(stuck, most_held=100, patience_s=0.01)
        headers = [HERE, (b"content-length", b"60")]
        first = asyncio.ensure_future(asked(gate, headers, b"a" * 60))
        await asyncio.sleep(0)
        second = await asked(gate, headers, b"a" * 60)
        never.set()
        assert (await first)[0] == 200
        return second

    status, reason = asyncio.run(two())
    assert status == 503
    assert "later" in reason


def test_the_queue_is_bounded_and_goes_on_when_there_is_room() -> None:
    """Three requests at a time, however small: the fourth is sent away at once, with the time to come again."""

    async def five() -> tuple[list[tuple[int, str]], tuple[int, str]]:
        may_go = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await may_go.wait()
            await counting(scope, receive, send)

        gate = Gate(slow, most_requests=3)
        headers = [HERE, (b"content-length", b"1")]
        first = [asyncio.ensure_future(asked(gate, headers, b"a")) for _ in range(4)]
        done, _ = await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        assert done == {first[3]}
        may_go.set()
        return await asyncio.gather(*first), await asked(gate, headers, b"a")

    answers, afterwards = asyncio.run(five())
    assert [status for status, _ in answers] == [200, 200, 200, 503]
    assert "later" in answers[3][1]
    assert afterwards == (200, "1")


async def refused_while(sending: Any, gate: Gate) -> dict[bytes, bytes]:
    """The headers of the answer to somebody whom the gate does not let in and who goes on sending."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [HERE, (b"transfer-encoding", b"chunked")], "path": "/invocations"}
    async with asyncio.timeout(60):  # a gate that listens for ever fails here, and does not stop the tests
        await gate(scope, sending, send)
    assert sent[0]["status"] == 411
    return dict(sent[0]["headers"])


def test_a_body_without_end_is_answered_after_twice_the_largest_one() -> None:
    taken: list[int] = []

    async def endless() -> dict[str, Any]:
        await asyncio.sleep(0)
        taken.append(40)
        return {"type": "http.request", "body": b"a" * 40, "more_body": True}

    headers = asyncio.run(refused_while(endless, Gate(counting, most_bytes=100)))
    assert headers[b"connection"] == b"close"
    assert sum(taken) == 200


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def silent() -> dict[str, Any]:
        return await asyncio.Event().wait()  # type: ignore[return-value]

    headers = asyncio.run(refused_while(silent, Gate(counting, drain_s=0.01)))
    assert headers[b"connection"] == b"close"

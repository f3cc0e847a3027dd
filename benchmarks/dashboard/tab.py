"""A tab of a browser as the dashboard's server sees it: sign-in, WebSocket and HTTP. Nothing is drawn.

It speaks the protocol of Streamlit's own page: it sends what a click would send, runs fragments again when the server
asks for that, and reads whole answers. What costs the server is there; what costs a browser is not.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ADDRESSES = re.compile(rb"/(?:(?:view|download)/[\w-]{32}|media/[0-9a-f]{20,}\.\w+)")
"""Where the server offers images and downloads, wherever in a message it says so."""
_PATIENCE_S = 60.0
_LARGEST_MESSAGE = 2**28
_DONE, _BROKEN, _FRAGMENT_DONE = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)


class Broken(Exception):
    """The server did not do what a tab may expect."""


@dataclass(frozen=True)
class Shown:
    """An element on the page."""

    kind: str
    content: Any
    """The protobuf message of the element."""
    run: str
    fragment: str


@dataclass
class Tab:
    """One tab; use it as an asynchronous context manager."""

    server: str
    """Address of the dashboard, without a slash at the end."""
    http: httpx.AsyncClient
    """With the cookies of the browser."""
    watch: Callable[[bytes], None] = lambda _: None
    """Is given every message."""
    shown: dict[tuple[int, ...], Shown] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    """Hashes of the pages, by their names in the address."""
    query: str = ""
    reruns: int = 0
    """Runs of fragments that the page asked for by itself."""
    redirect: str = ""
    """Where the server sends the browser to sign in."""

    async def __aenter__(self) -> "Tab":
        await self._get("/_stcore/host-config")
        await self._get("/_stcore/health")
        token = self.http.cookies.get("_streamlit_xsrf", "")
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)
        self._socket: ClientConnection = await connect(
            self.server.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit", token] if token else ["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": cookies},
            origin=self.server,  # type: ignore[arg-type]
            max_size=_LARGEST_MESSAGE,
            compression=None,
            open_timeout=_PATIENCE_S,
        )
        self._page = self._run = ""
        self._answer: asyncio.Future[None] | None = None
        self._awaited = ""
        self._begun = False
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_timers()
        self._reader.cancel()
        with suppress(asyncio.CancelledError, ConnectionClosed):
            await self._reader
        await self._socket.close()

    async def open(self, page: str = "", query: str = "") -> float:
        """Load an address; return the seconds until the server has answered, as all that follow do."""
        self.query = query
        return await self._rerun(ClientState(query_string=query, page_name=page))

    async def go(self, page: str, query: str = "") -> float:
        """Click a link to another page."""
        self.query = query
        return await self._rerun(ClientState(query_string=query, page_script_hash=self.pages[page]))

    async def press(self, label: str) -> float:
        """Click a button."""
        button = self.one("button", label)
        state = self._state(button)
        state.widget_states.widgets.add(id=button.content.id, trigger_value=True)
        return await self._rerun(state)

    async def fill(self, label: str, text: str) -> float:
        """Type into a field and press Enter."""
        found = self.one("text_input", label)
        state = self._state(found)
        state.widget_states.widgets.add(id=found.content.id, string_value=text)
        return await self._rerun(state)

    def all(self, kind: str, label: str) -> list[Shown]:
        """Return the elements of a kind that have a label."""
        return [one for one in self.shown.values() if one.kind == kind and one.content.label == label]

    def one(self, kind: str, label: str) -> Shown:
        """Return the element with a label; raise `Broken` where there is none."""
        found = self.all(kind, label)
        if not found:
            raise Broken(f"the page shows no {kind} {label!r}")
        return found[0]

    def has(self, text: str) -> bool:
        """Tell whether a text is somewhere on the page."""
        wanted = text.encode()
        return any(wanted in shown.content.SerializeToString() for shown in self.shown.values())

    def faults(self) -> Iterator[str]:
        """Yield what the page reports as an error."""
        for shown in self.shown.values():
            if shown.kind == "exception":
                yield f"{shown.content.type}: {shown.content.message}"
            elif shown.kind == "alert" and shown.content.format == shown.content.ERROR:
                yield str(shown.content.body)

    async def _get(self, path: str) -> None:
        (await self.http.get(self.server + path)).raise_for_status()

    def _state(self, of: Shown) -> ClientState:
        return ClientState(query_string=self.query, page_script_hash=self._page, fragment_id=of.fragment)

    async def _rerun(self, state: ClientState) -> float:
        self._answer = asyncio.get_running_loop().create_future()
        self._awaited, self._begun = state.fragment_id, False
        start = time.perf_counter()
        await self._send(state)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._answer
        except TimeoutError as error:
            raise Broken(f"no answer within {_PATIENCE_S:g} s") from error
        return time.perf_counter() - start

    async def _send(self, state: ClientState) -> None:
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())

    async def _read(self) -> None:
        try:
            async for payload in self._socket:
                content = payload if isinstance(payload, bytes) else payload.encode()
                self.watch(content)
                self._take(ForwardMsg.FromString(content))
            self._fail(Broken("the server closed the connection"))
        except ConnectionClosed as error:
            self._fail(Broken(f"the connection broke: {error}"))

    def _fail(self, error: Broken) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(error)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        run = message.metadata.run
        if kind == "new_session":
            self._begin(message.new_session.page_script_hash, run.script_run_id, list(run.fragment_ids))
        elif kind == "delta":
            self._draw(tuple(message.metadata.delta_path), message.delta)
        elif kind == "script_finished":
            self._end(message.script_finished, list(run.fragment_ids))
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            self.pages[""] = next(page.page_script_hash for page in message.navigation.app_pages if page.is_default)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            again = message.auto_rerun
            self._repeat(again.fragment_id, again.interval)
        elif kind == "auth_redirect":
            self.redirect = message.auth_redirect.url

    def _begin(self, page: str, run: str, fragments: list[str]) -> None:
        if not fragments:
            self._page, self._run = page, run
            self._stop_timers()
        if self._answer and (self._awaited in fragments if self._awaited else not fragments):
            self._begun = True

    def _end(self, status: int, fragments: list[str]) -> None:
        if status == _DONE:
            # What the whole script did not draw again is no longer there.
            self.shown = {path: shown for path, shown in self.shown.items() if shown.run == self._run}
        expected = _FRAGMENT_DONE if self._awaited and self._awaited in fragments else _DONE
        if self._answer and not self._answer.done() and self._begun:
            if status == expected:
                self._answer.set_result(None)
            elif status == _BROKEN:
                self._answer.set_exception(Broken("the script of the page could not be run"))

    def _draw(self, path: tuple[int, ...], delta: Any) -> None:
        if delta.WhichOneof("type") == "new_element":
            kind = delta.new_element.WhichOneof("type") or ""
            if kind:
                self.shown[path] = Shown(kind, getattr(delta.new_element, kind), self._run, delta.fragment_id)
        elif delta.WhichOneof("type") == "add_block":
            self.shown.pop(path, None)

    def _repeat(self, fragment: str, seconds: float) -> None:
        async def repeat() -> None:
            while True:
                await asyncio.sleep(seconds)
                self.reruns += 1
                state = ClientState(query_string=self.query, page_script_hash=self._page, fragment_id=fragment)
                state.is_auto_rerun = True
                await self._send(state)

        if fragment in self._timers:
            self._timers[fragment].cancel()
        self._timers[fragment] = asyncio.create_task(repeat())

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


async def sign_in(server: str, http: httpx.AsyncClient, name: str) -> None:
    """Press `Sign in`, say at the provider who it is, and come back with the cookie."""
    async with Tab(server, http) as tab:
        await tab.open()
        await tab.press("Sign in")
        target = tab.redirect
    asked = await http.get(target if target.startswith("http") else server + target, follow_redirects=True)
    asked.raise_for_status()
    back = await http.post(asked.url, data={"sub": name}, follow_redirects=True)
    if "_streamlit_user" not in http.cookies:
        raise Broken(f"{name} could not sign in: {back.status_code} from {back.url.path}")

"""What the people of a lab do at the same time: work with what is theirs, and try to reach what is not."""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from urllib.parse import urlencode

import httpx

from benchmarks.dashboard.lab import Lab, Member
from benchmarks.dashboard.tab import ADDRESSES, Broken, Tab, sign_in

_MARK = re.compile(rb"mark[0-9a-f]{12}")
_RESTORED_WITHIN_S = 300.0
_POLL_S = 0.5
_RESULT = "Download the TIFF"
OTHERS = "looking for what is somebody else's"


@dataclass
class Findings:
    """What happened, of all people together."""

    reactions: list[tuple[str, float, float]] = field(default_factory=list)
    """What was done, when it began in seconds of the clock, and the seconds until the server had answered."""
    errors: list[str] = field(default_factory=list)
    crossings: list[str] = field(default_factory=list)
    """What somebody received that is another person's."""
    attempts: int = 0
    """How often somebody asked for something that is another person's."""
    requests: int = 0
    """Images, tiles and downloads that people fetched."""
    reruns: int = 0
    """Fragments that open pages asked for by themselves."""


@dataclass
class _Own:
    """Where the server keeps what is one person's, as far as their browser was told."""

    addresses: set[str] = field(default_factory=set)
    task: str = ""


class Crowd:
    """Everybody, and what each has been given."""

    def __init__(self, lab: Lab, members: Sequence[Member], think_s: float, until: float) -> None:
        """Let people pause `think_s` on average between two clicks, until a time of the monotonic clock."""
        self.lab, self.members, self.think_s, self.until = lab, members, think_s, until
        self.found = Findings()
        self.own = {member.name: _Own() for member in members}

    async def everybody(self) -> None:
        """Let all members work at the same time."""
        await asyncio.gather(*(Visit(self, member, seed).work() for seed, member in enumerate(self.members)))


class Visit:
    """One member at one browser."""

    def __init__(self, crowd: Crowd, member: Member, seed: int) -> None:
        self._crowd, self._member = crowd, member
        self._draw = random.Random(seed)  # noqa: S311
        self._own, self._found = crowd.own[member.name], crowd.found
        self._typed = b""
        self._tab: Tab
        self._http: httpx.AsyncClient

    async def work(self) -> None:
        """Sign in and click until the time is over; what breaks is noted, and begun again."""
        # As browsers have for one server. They also send again what meets a connection that the server is just closing,
        # after 5 s; here it is closed before.
        limits = httpx.Limits(max_connections=6, keepalive_expiry=3)
        async with httpx.AsyncClient(timeout=60, limits=limits) as self._http:
            await asyncio.sleep(self._draw.random() * self._crowd.think_s)
            while time.monotonic() < self._crowd.until:
                if await self._safely("sign in", sign_in(self._crowd.lab.dashboard, self._http, self._member.name)):
                    break
            while time.monotonic() < self._crowd.until:
                await self._safely("visit", self._visit())

    async def _safely(self, what: str, deed: Awaitable[object]) -> bool:
        try:
            await deed
        except Exception as error:
            self._found.errors.append(f"{self._member.name}, {what}: {type(error).__name__}: {error}")
            return False
        return True

    async def _visit(self) -> None:
        async with Tab(self._crowd.lab.dashboard, self._http, self._read) as self._tab:
            try:
                await self._did("address: Home", self._tab.open())
                while time.monotonic() < self._crowd.until:
                    await asyncio.sleep(self._draw.expovariate(1 / self._crowd.think_s))
                    await self._draw.choices(self._deeds(), (4, 2, 2, 2, 1, 3))[0]()
            finally:
                self._found.reruns += self._tab.reruns

    def _deeds(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return (self._change_page, self._open_run, self._watch_live, self._open_image, self._restore, self._intrude)

    async def _change_page(self) -> None:
        page = self._draw.choice(("", "data", "train", "runs", "inference", "compare", "models", "study"))
        await self._did(f"change of page: {page or 'home'}", self._tab.go(page))

    async def _open_run(self) -> None:
        await self._did("address: own run", self._tab.go("runs", f"run={self._member.run_id}"))
        self._expect(self._member.mark)

    async def _watch_live(self) -> None:
        if self._crowd.lab.live:
            await self._did("address: live run", self._tab.go("runs", f"run={self._draw.choice(self._crowd.lab.live)}"))

    async def _open_image(self) -> None:
        await self._did("address: own image", self._tab.go("", urlencode({"file": self._member.image})))
        self._expect(self._member.file_mark)
        for address in [one for one in self._own.addresses if "/view/" in one]:
            await self._look(address)

    async def _look(self, address: str) -> None:
        """Fetch facts and tiles as the viewer does; a ticket ends when its page shows something else."""
        facts = await self._fetch(address)
        if facts.status_code == httpx.codes.NOT_FOUND:
            self._own.addresses.discard(address)
            return
        facts.raise_for_status()
        about = facts.json()
        across, down = (-(-about[edge] // about["tilePx"]) for edge in ("width", "height"))
        for column, row in product(range(across), range(down)):
            (await self._fetch(f"{address}/tile/0/{column}/{row}")).raise_for_status()

    async def _restore(self) -> None:
        """Remove noise, wait for the result and download it; once, because it computes."""
        if self._own.task:
            await self._change_page()
            return
        await self._open_image()
        await self._did("click: remove noise", self._tab.press("Remove noise"))
        self._own.task = self._tab.query.partition("predict=")[2]
        deadline = time.monotonic() + _RESTORED_WITHIN_S
        while not (offered := self._tab.all("link_button", _RESULT)):
            if time.monotonic() > self._crowd.until:
                return
            if time.monotonic() > deadline:
                raise Broken(f"nothing was restored within {_RESTORED_WITHIN_S:g} s")
            await asyncio.sleep(_POLL_S)
        (await self._fetch(offered[0].content.url)).raise_for_status()

    async def _intrude(self) -> None:
        """Ask for everything of somebody else whose addresses have become known."""
        other = self._draw.choice([one for one in self._crowd.members if one is not self._member])
        own = self._crowd.own[other.name]
        for address in sorted(own.addresses):
            await self._must_refuse(address)
            if "/view/" in address:
                await self._must_refuse(f"{address}/tile/0/0/0")
        await self._must_not_show(other, "runs", f"run={other.run_id}")
        if own.task:
            await self._must_not_show(other, "inference", f"predict={own.task}")
        # The message names the file that was typed.
        self._typed = other.file_mark.encode()
        await self._must_not_show(other, "", urlencode({"file": other.image}))
        await self._tab.go("")
        self._typed = b""

    async def _must_refuse(self, address: str) -> None:
        self._found.attempts += 1
        answer = await self._http.get(self._crowd.lab.dashboard + address)
        if answer.is_success:
            self._found.crossings.append(f"{self._member.name} fetched {address.partition('?')[0][:12]}... of another")
        elif answer.is_server_error:
            self._found.errors.append(f"{address}: {answer.status_code}")

    async def _must_not_show(self, other: Member, page: str, query: str) -> None:
        self._found.attempts += 1
        before = set(self._own.addresses)
        await self._did(OTHERS, self._tab.go(page, query), faults=False)
        if self._own.addresses - before or self._tab.all("link_button", _RESULT) or not list(self._tab.faults()):
            self._found.crossings.append(f"{self._member.name} saw {page or 'home'} of {other.name}")

    async def _did(self, what: str, deed: Awaitable[float], *, faults: bool = True) -> None:
        begun = time.time()
        self._found.reactions.append((what, begun, await deed))
        if faults:
            self._found.errors += [f"{self._member.name}, {what}: {fault}" for fault in self._tab.faults()]

    async def _fetch(self, address: str) -> httpx.Response:
        self._found.requests += 1
        return await self._http.get(self._crowd.lab.dashboard + address)

    def _expect(self, text: str) -> None:
        if not self._tab.has(text):
            raise Broken("the page does not show what is their own")

    def _read(self, message: bytes) -> None:
        """Look through every message for what is not this person's, and for where images are."""
        own = {self._member.mark.encode(), self._member.file_mark.encode(), self._typed}
        for mark in set(_MARK.findall(message)) - own:
            self._found.crossings.append(f"{self._member.name} was sent {mark.decode()}")
        self._own.addresses.update(found.decode() for found in ADDRESSES.findall(message))

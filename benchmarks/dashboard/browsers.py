"""Members of a lab at real browsers, which also draw what the server sends."""

import asyncio
import random
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page, async_playwright

from benchmarks.dashboard.lab import Member
from benchmarks.dashboard.measure import ANSWERED, FLAGS, WATCH

LINKS = {
    "Data": "Name of the dataset",
    "Runs": "Click a run to open it",
    "Inference": "Restore",
    "Home": "Compare runs",
}
"""Pages, and a text that is on each."""
_PATIENCE_MS = 120_000


@dataclass
class Screens:
    """What the browsers saw."""

    seconds: list[float] = field(default_factory=list)
    """From a click until the page was complete."""
    errors: list[str] = field(default_factory=list)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Open a browser, in which each member gets a context of their own."""
    async with async_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        await browser.close()


async def all_screens(server: str, members: Sequence[Member], think_s: float, until: float) -> Screens:
    """Let members click until a time of the monotonic clock."""
    found = Screens()
    if members:
        async with browsing() as browser:
            await asyncio.gather(*(_use(browser, server, member, think_s, until, found) for member in members))
    return found


async def _use(browser: Browser, server: str, member: Member, think_s: float, until: float, found: Screens) -> None:
    context = await browser.new_context(viewport={"width": 1440, "height": 1100})
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    await page.add_init_script(WATCH)
    page.on("pageerror", lambda error: found.errors.append(f"{member.name}: {error}"))
    draw = random.Random(member.name)  # noqa: S311
    try:
        await page.goto(server)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("button", name=member.name, exact=True).click()
        await page.get_by_role("button", name="Sign out").wait_for()
        while time.monotonic() < until:
            await asyncio.sleep(draw.expovariate(1 / think_s))
            found.seconds.append(await _click(page, draw.choice(list(LINKS))))
    except Exception as error:
        found.errors.append(f"{member.name} at a browser: {type(error).__name__}: {error}")
    await context.close()


async def _click(page: Page, link: str) -> float:
    ends = await page.evaluate("window.scriptEnds")
    await page.get_by_role("link", name=link, exact=True).click()
    answered = await page.wait_for_function(ANSWERED, arg=[ends, LINKS[link], False], polling="raf")
    return float(await answered.json_value()) / 1000

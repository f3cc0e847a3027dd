"""How fast the pages answer in a real browser with 500 runs in the store.

    python -m benchmarks.dashboard.measure [--home HOME] [--rounds 5] [--visits 3] [--label now]

Needs Chromium and playwright. A first visit is the first one that a newly started server gets, and ends when the page
is complete. A click or a change of page ends when the server has answered, nothing on the page is marked as stale, and
what was asked for is there. A visit by address is no click: it loads Streamlit's whole program and begins a session, as
a first visit does, on a server that is warm. It is a group of its own, and counts in everything together.

Beside the wall time, the processor time of server and browser is measured, which says more where other work runs on the
machine: on a quiet one, an answer takes at most the sum of both. The result is stored under its label in `pages.json`
next to this file.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.dashboard.store import CURVES, make_store
from pipelines.tracking.metrics import log_metrics
from pipelines.tracking.runs import list_runs, set_status

ROOT: Final = Path(__file__).resolve().parents[2]
RESULT: Final = Path(__file__).with_name("pages.json")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")  # fmt: skip
WATCH: Final = """
window.scriptEnds = 0
new MutationObserver(changes => changes.forEach(change => {
  const state = change.target.getAttribute("data-test-script-state")
  if (state !== "running" && change.oldValue === "running") window.scriptEnds += 1
})).observe(document, {subtree: true, attributes: true, attributeOldValue: true,
                       attributeFilter: ["data-test-script-state"]})
window.addEventListener("pointerdown", () => { window.clickedAt = performance.now() }, true)
window.addEventListener("keydown", event => { if (event.key === "Enter") window.clickedAt = performance.now() }, true)
"""
"""Counts the ends of runs of the script, and remembers when the last click happened.

Starts would not do: a fragment that draws itself again and again may be running when a click comes.
"""
ANSWERED: Final = """
([ends, text, chart]) => {
  const app = document.querySelector("[data-testid=stApp]")
  if (!app || app.getAttribute("data-test-script-state") !== "notRunning" || window.scriptEnds <= ends) return false
  if (document.querySelector("[data-stale=true]") || document.querySelector("[data-testid=stSkeleton]")) return false
  if (chart && !document.querySelector(".js-plotly-plot .main-svg")) return false
  return app.innerText.includes(text) && (performance.now() - (window.clickedAt || 0))
}
"""
SETTLED_S: Final = 0.5


class Group(Enum):
    """What an action asks of the program."""

    CLICK = "all clicks and changes of page"
    ADDRESS = "all visits by address"


EVERYTHING: Final = "everything together"


@dataclass
class Action:
    """One kind of click: how long it took, and what it cost server and browser."""

    name: str
    group: Group
    wall_ms: list[float] = field(default_factory=list)
    server_cpu_ms: list[float] = field(default_factory=list)
    browser_cpu_ms: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Return medians and 95th percentiles."""
        return {
            "n": len(self.wall_ms),
            "median_ms": round(statistics.median(self.wall_ms)),
            "p95_ms": round(float(np.percentile(self.wall_ms, 95))),
            "slowest_ms": round(max(self.wall_ms)),
            "server_cpu_median_ms": round(statistics.median(self.server_cpu_ms)),
            "server_cpu_p95_ms": round(float(np.percentile(self.server_cpu_ms, 95))),
            "browser_cpu_median_ms": round(statistics.median(self.browser_cpu_ms)),
        }

    def add(self, other: "Action") -> None:
        """Take over what was measured of another kind."""
        self.wall_ms += other.wall_ms
        self.server_cpu_ms += other.server_cpu_ms
        self.browser_cpu_ms += other.browser_cpu_ms


@dataclass(frozen=True)
class Server:
    """A dashboard of its own on a home folder."""

    process: psutil.Process
    url: str

    def cpu_s(self) -> float:
        """Return processor time so far, of the server without the processes that it forks."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """Start a dashboard, and stop it with everything that it has started."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    call = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    environment = {**os.environ, "SEM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(call, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    url = f"http://localhost:{port}"
    try:
        while not _is_healthy(url):
            time.sleep(0.02)
        yield Server(psutil.Process(process.pid), url)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310
            return True
    except OSError:
        return False


@contextmanager
def browsing() -> Iterator[Page]:
    """Open a browser with an empty cache."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 1100})
        page.set_default_timeout(150_000)
        page.add_init_script(WATCH)
        yield page
        browser.close()


def _browser_cpu_s() -> float:
    """Return processor time so far of all processes of the browser."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "chrom" in process.name():
                times = process.cpu_times()
                total += times.user + times.system
    return total


class Clicks:
    """Clicks in one browser on one server."""

    def __init__(self, page: Page, server: Server) -> None:
        self._page, self._server = page, server
        self.actions: dict[str, Action] = {}

    def visit(self, name: str, path: str, text: str, chart: bool = False) -> None:
        """Load an address anew, until `text` is there, with a chart if there has to be one."""
        before = self._cpu_s()
        self._page.goto(f"{self._server.url}/{path}", wait_until="commit")
        self._wait(Action(name, Group.ADDRESS), before, [0, text, chart])

    def click(self, name: str, target: Any, text: str, chart: bool = False) -> None:
        """Click a locator; the answer is complete when `text` is there."""
        ends = self._page.evaluate("window.scriptEnds")
        before = self._cpu_s()
        target.click()
        self._wait(Action(name, Group.CLICK), before, [ends, text, chart])

    def enter(self, name: str, target: Any, value: str, text: str) -> None:
        """Type a value and press Enter."""
        ends = self._page.evaluate("window.scriptEnds")
        before = self._cpu_s()
        target.fill(value)
        target.press("Enter")
        self._wait(Action(name, Group.CLICK), before, [ends, text, False])

    def _wait(self, new: Action, before: tuple[float, float], condition: Sequence[Any]) -> None:
        action = self.actions.setdefault(new.name, new)
        found = self._page.wait_for_function(ANSWERED, arg=condition, polling="raf")
        action.wall_ms.append(float(found.json_value()))
        # The server may still be at work on what it does after it has answered.
        time.sleep(SETTLED_S)
        server, browser = self._cpu_s()
        action.server_cpu_ms.append(1000 * (server - before[0]))
        action.browser_cpu_ms.append(1000 * (browser - before[1]))

    def _cpu_s(self) -> tuple[float, float]:
        return self._server.cpu_s(), _browser_cpu_s()


def first_visits(home: Path, visits: int) -> dict[str, Any]:
    """Measure the first visit of new servers: Home, and the list of runs."""
    found: dict[str, Action] = {}
    for _ in range(visits):
        for name, path, text in (
            ("first visit: Home", "", "Compare runs"),
            ("first visit: Runs", "runs", "Click a run to open it"),
        ):
            with serving(home) as server, browsing() as page:
                clicks = Clicks(page, server)
                clicks.visit(name, path, text)
                found.setdefault(name, Action(name, Group.ADDRESS)).add(clicks.actions[name])
    return {name: action.facts() for name, action in found.items()}


def use(clicks: Clicks, page: Page, run_ids: Sequence[str], number: int) -> None:
    """Go through the pages once as a user would."""

    def link(name: str) -> Any:
        return page.get_by_role("link", name=name, exact=True)

    clicks.click("change of page: Data", link("Data"), "Name of the dataset")
    clicks.click("change of page: Train", link("Train"), "Launch")
    page.get_by_text("Settings", exact=True).click()
    clicks.enter(
        "click: steps of a training", page.get_by_label("Steps", exact=True), str(1000 + number), "train.steps="
    )
    clicks.click("change of page: Runs", link("Runs"), "Click a run to open it")
    clicks.click("click: runs of a task", page.get_by_role("radio", name="Denoising"), "Click a run to open it")
    clicks.visit("address: a run", f"runs?run={run_ids[number]}", "Terms of the loss", chart=True)
    clicks.click("click: all runs", page.get_by_role("button", name="All runs"), "Click a run to open it")
    clicks.click("click: a row of the runs", FirstRow(page), "Terms of the loss", chart=True)
    clicks.click("change of page: Inference", link("Inference"), "Restore")
    clicks.click("change of page: Compare", link("Compare"), "Quality against speed and size", chart=True)
    page.get_by_role("combobox", name="Metric").click()
    clicks.click(
        "click: another score", page.get_by_role("option", name="SSIM"), "Quality against speed and size", chart=True
    )
    clicks.click("change of page: Study", link("Study"), "There is no study yet")
    clicks.click("change of page: Home", link("Home"), "Compare runs")


@dataclass(frozen=True)
class FirstRow:
    """A cell of the first row of a table, which is drawn on a canvas."""

    page: Page

    def click(self) -> None:
        """Click its middle."""
        box = self.page.get_by_test_id("stDataFrame").first.bounding_box()
        if box is None:
            raise RuntimeError("there is no table on this page")
        self.page.mouse.click(box["x"] + 120, box["y"] + 52)


def live_cost(server: Server, page: Page, run_id: str, seconds: float) -> dict[str, float]:
    """Measure the share of a core that an open page costs while ten points of both curves are written every 1.5 s."""
    page.goto(f"{server.url}/runs?run={run_id}")
    page.wait_for_function(ANSWERED, arg=[0, "Terms of the loss", True], polling="raf")
    time.sleep(3)
    before, start, step = server.cpu_s(), time.monotonic(), 1_000_000
    while time.monotonic() - start < seconds:
        for _ in range(10):
            step += 1
            log_metrics(run_id, dict.fromkeys(CURVES, 0.3), step)
        time.sleep(1.5)
    share = (server.cpu_s() - before) / (time.monotonic() - start)
    return {"seconds": seconds, "share_of_a_core": round(share, 4)}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="with a store; by default one is made and thrown away")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--visits", type=int, default=3)
    parser.add_argument("--label", default="now")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (options.home or Path(folder) / "home").resolve()
        make_store(home, 500, 10_000)
        os.environ["SEM_HOME"] = str(home)
        result = measured(home, options.rounds, options.visits)
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    RESULT.write_text(json.dumps({**known, options.label: result}, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def measured(home: Path, rounds: int, visits: int) -> dict[str, Any]:
    """Measure first visits, clicks and the cost of a live page."""
    load = os.getloadavg()
    run_ids = [run.run_id for run in list_runs(kind="training")][: rounds + 1]
    first = first_visits(home, visits)
    with serving(home) as server, browsing() as page:
        clicks = Clicks(page, server)
        clicks.visit("warm-up", "", "Compare runs")
        for number in range(rounds):
            use(clicks, page, run_ids, number)
        set_status(run_ids[-1], "SCHEDULED")
        live = live_cost(server, page, run_ids[-1], 20.0)
        set_status(run_ids[-1], "FINISHED")
    del clicks.actions["warm-up"]
    return {
        "processors": os.cpu_count(),
        "load_average": {"before": round(load[0], 2), "after": round(os.getloadavg()[0], 2)},
        "groups": in_groups(clicks.actions.values()),
        "first_visits": first,
        "actions": {name: action.facts() for name, action in clicks.actions.items()},
        "live": live,
    }


def in_groups(actions: Iterable[Action]) -> dict[str, Any]:
    """Return the facts of each group, and of everything together."""
    groups: dict[str, Action] = {}
    for action in actions:
        for name in (action.group.value, EVERYTHING):
            groups.setdefault(name, Action(name, action.group)).add(action)
    return {name: group.facts() for name, group in groups.items()}


if __name__ == "__main__":
    main()

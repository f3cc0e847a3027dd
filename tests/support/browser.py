"""A dashboard of its own and a Chromium to look at it, for tests that see pages as people do."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: install Debian's `chromium` to run this test"
)
PAINTED = """root => root.shownViewer.viewer.panes.every(({viewer: {drawer: {canvas}}}) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    return new Set(data.filter((_, i) => i % 4 === 0)).size > 20
})"""
"""All pictures of a viewer have more than 20 shades."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def dashboard(port: int, *options: str, home: Path | None = None) -> Iterator[str]:
    """Serve the dashboard on a port, with options of Streamlit, as long as the block lasts; gives its address.

    Without a home, that of this process is used.
    """
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
               "--server.headless", "true", *options]  # fmt: skip
    environment = {**os.environ, "SEM_OFFLINE": "1", **({"SEM_HOME": str(home)} if home else {})}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    address = f"http://localhost:{port}"
    try:
        _wait_for(address)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(address: str) -> None:
    for _ in range(480):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"The dashboard at {address} does not answer.")


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Open a browser, as long as the block lasts."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def screenshots(tmp_path: Path) -> Path:
    """Return the folder that SEM_SCREENSHOTS names, else one of pytest's own."""
    folder = Path(os.environ.get("SEM_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shoot(page: "Page", tmp_path: Path, name: str) -> None:
    """Take a picture; those for people wait for the last animation."""
    if "SEM_SCREENSHOTS" in os.environ:
        page.wait_for_timeout(700)
    page.screenshot(path=screenshots(tmp_path) / f"{name}.png")


def fill(page: "Page", label: str, value: str) -> None:
    """Type into a field and press Enter."""
    box = page.get_by_label(label, exact=True)
    box.fill(value)
    box.press("Enter")


def settled(page: "Page") -> None:
    """Wait until the page has been drawn as a whole."""
    page.wait_for_timeout(400)
    page.wait_for_function(_DRAWN, timeout=300_000)


_DRAWN = """() => {
    const app = document.querySelector("[data-testid=stApp]")
    return app?.dataset.testScriptState === "notRunning" && document.querySelector("[data-testid=stMain] h1, h2, h3") &&
        !document.querySelector("[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]")
}"""


def painted(page: "Page") -> None:
    """Wait until all pictures of the viewer are painted."""
    viewer = page.locator(".sem-viewer")
    viewer.locator(".pane").first.wait_for()
    page.wait_for_function(PAINTED, arg=viewer.element_handle())

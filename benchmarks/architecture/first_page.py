"""Seconds until a newly started server shows its first page in Chromium, and until it shows the page again.

    python -m benchmarks.architecture.first_page /tmp/before . --out benchmarks/architecture/results/first_page.json

Checkouts alternate, so that a busy machine slows all of them equally. The load average is stored with each round.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.architecture.modules import commit

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
DRAWN = '[data-testid="stApp"][data-test-script-state="notRunning"] h1'
"""Selector of the page heading after the script of the page has finished."""


def first_page(roots: list[Path], rounds: int) -> list[dict[str, Any]]:
    """Visit the Home page on a new server of each checkout in turn, `rounds` times."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        return [{"commit": commit(root), **_round(root, browser)} for _ in range(rounds) for root in roots]


def _round(root: Path, browser: Browser) -> dict[str, float]:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home:
        start = time.monotonic()
        with _server(root, home) as address:
            ready = time.monotonic() - start
            visits = [_visit(browser, address) for _ in range(2)]
    times = {"load_average": load, "server_ready_s": ready, "first_visit_s": visits[0], "second_visit_s": visits[1]}
    return {name: round(value, 2) for name, value in times.items()}


def _visit(browser: Browser, address: str) -> float:
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        start = time.monotonic()
        page.goto(address)
        page.wait_for_selector(DRAWN, timeout=120_000)
        return time.monotonic() - start


@contextlib.contextmanager
def _server(root: Path, home: str) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    address = f"http://localhost:{port}"
    call = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    environment = {**os.environ, "SEM_HOME": home}
    process = subprocess.Popen(call, cwd=root, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        while not _answers(address):
            time.sleep(0.05)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):  # noqa: S310 (our own address)
            return True
    except OSError:
        return False


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("Chromium was not found: install it, on Debian with `apt-get install chromium`.")


def main() -> None:
    """Measure, then write or print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("roots", type=Path, nargs="+", help="root of each checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    chosen = parser.parse_args()
    rounds = first_page([root.resolve() for root in chosen.roots], chosen.rounds)
    text = json.dumps({"processors": os.cpu_count(), "rounds": rounds}, indent=1) + "\n"
    if chosen.out:
        chosen.out.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()

"""In Chromium: people sign in at a provider on this machine, and see what is theirs; others are refused.

Screenshots go to the folder that SEM_SCREENSHOTS names, else to pytest's own temporary folder.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.people.audit import read_audit
from pipelines.people.person import Person
from pipelines.tracking.runs import create_run, set_status
from tests.support.lab import write_lab
from tests.support.provider import auth_section, provider

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
USERS = {
    "alice": {"name": "Alice", "groups": ["microscopists"]},
    "bob": {"name": "Bob", "groups": ["microscopists"]},
    "mallory": {"name": "Mallory", "groups": ["visitors"]},
}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install Debian's `chromium`"),
]


@pytest.fixture
def issuer() -> Iterator[str]:
    with provider(USERS) as address:
        yield address


@pytest.fixture
def server(sem_home: Path, issuer: str, tmp_path: Path) -> Iterator[str]:
    write_lab(sem_home, settings='[roles]\nmicroscopists = "member"\n')
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    secrets = tmp_path / "secrets.toml"
    section = auth_section(issuer, f"http://localhost:{port}")
    secrets.write_text("[auth]\n" + "\n".join(f'{key} = "{value}"' for key, value in section.items()))
    options = ["--server.port", str(port), "--server.headless", "true", "--secrets.files", str(secrets)]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "SEM_OFFLINE": "1"}, start_new_session=True)
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1):
                break
        except OSError:
            time.sleep(0.25)
    yield f"http://localhost:{port}"
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Callable[[], object]]:
    """Opens a browser of its own for each person."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def open_one():
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.set_default_timeout(60_000)
            return page

        yield open_one
        browser.close()


def shoot(page, tmp_path: Path, name: str) -> None:
    folder = Path(os.environ.get("SEM_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(700)
    page.screenshot(path=folder / f"lab-{name}.png")


def sign_in(page, server: str, name: str) -> None:
    page.goto(server)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for()


def test_people_sign_in_and_see_what_is_theirs(
    server: str, issuer: str, sem_home: Path, visitor, tmp_path: Path
) -> None:
    alice_id = f"alice@{issuer.removeprefix('http://')}"
    hers = create_run("sem", "her recipe", "training", {}, {}, by=Person(alice_id, "Alice", "member"))
    set_status(hers, "FINISHED")

    nobody = visitor()
    nobody.goto(f"{server}/runs")
    nobody.get_by_role("button", name="Sign in").wait_for()
    shoot(nobody, tmp_path, "nobody")
    assert nobody.get_by_role("link", name="Compare").count() == 0
    assert nobody.request.get(f"{server}/media/x.png").status == 401
    assert nobody.request.get(f"{server}/view/x").status == 401

    alice = visitor()
    sign_in(alice, server, "alice")
    alice.goto(f"{server}/runs?run={hers}")
    alice.get_by_role("heading", name="her recipe").wait_for()
    shoot(alice, tmp_path, "alice")

    bob = visitor()
    sign_in(bob, server, "bob")
    bob.goto(f"{server}/runs?run={hers}")
    bob.get_by_text("This run belongs to somebody else").wait_for()
    shoot(bob, tmp_path, "bob")
    bob.goto(f"{server}/data")
    bob.get_by_label("Name of the dataset").fill("x")
    bob.get_by_label("Folder of raw micrographs on the server").fill("/etc")
    bob.get_by_label("Folder of raw micrographs on the server").press("Enter")
    bob.get_by_text("is not in a folder of the server that you may use").wait_for()
    shoot(bob, tmp_path, "bob-refused")

    mallory = visitor()
    sign_in(mallory, server, "mallory")
    mallory.get_by_text("may not use this workbench").wait_for()
    shoot(mallory, tmp_path, "mallory")
    assert mallory.request.get(f"{server}/media/x.png").status == 401

    alice.get_by_role("button", name="Sign out").click()
    alice.wait_for_url(f"{issuer}/**")  # the provider ends its session too
    alice.goto(server)
    alice.get_by_role("button", name="Sign in").wait_for()
    assert {deed.name for deed in read_audit() if deed.deed == "enter"} == {"Alice", "Bob"}

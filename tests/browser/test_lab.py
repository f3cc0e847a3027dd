"""In Chromium: people sign in at a provider on this machine, and see what is theirs; others are refused.

Screenshots go to the folder that SEM_SCREENSHOTS names, else to pytest's own temporary folder.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.people.audit import read_audit
from pipelines.people.person import Person
from pipelines.tracking.runs import create_run, get_run, set_status
from tests.support.browser import chromium, dashboard, free_port, needs_chromium, shoot
from tests.support.lab import write_lab
from tests.support.provider import auth_section, provider

USERS = {
    "alice": {"name": "Alice", "groups": ["microscopists"]},
    "bob": {"name": "Bob", "groups": ["microscopists"]},
    "mallory": {"name": "Mallory", "groups": ["visitors"]},
}
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600), needs_chromium]


@pytest.fixture
def issuer() -> Iterator[str]:
    with provider(USERS) as address:
        yield address


@pytest.fixture
def server(sem_home: Path, issuer: str, tmp_path: Path) -> Iterator[str]:
    write_lab(sem_home, settings='[roles]\nmicroscopists = "member"\n')
    port = free_port()
    secrets = tmp_path / "secrets.toml"
    section = auth_section(issuer, f"http://localhost:{port}")
    secrets.write_text("[auth]\n" + "\n".join(f'{key} = "{value}"' for key, value in section.items()))
    with dashboard(port, "--secrets.files", str(secrets)) as address:
        yield address


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Callable[[], object]]:
    """Opens a browser of its own for each person."""
    with chromium() as browser:

        def open_one():
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.set_default_timeout(60_000)
            return page

        yield open_one


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
    shoot(nobody, tmp_path, "lab-nobody")
    assert nobody.get_by_role("link", name="Compare").count() == 0
    assert nobody.request.get(f"{server}/media/x.png").status == 401
    assert nobody.request.get(f"{server}/view/x").status == 401

    alice = visitor()
    sign_in(alice, server, "alice")
    alice.goto(f"{server}/runs?run={hers}")
    alice.get_by_role("heading", name="her recipe").wait_for()
    shoot(alice, tmp_path, "lab-alice")

    bob = visitor()
    sign_in(bob, server, "bob")
    bob.goto(f"{server}/runs?run={hers}")
    bob.get_by_text("This run belongs to somebody else").wait_for()
    shoot(bob, tmp_path, "lab-bob")
    bob.goto(f"{server}/data")
    bob.get_by_label("Name of the dataset").fill("x")
    bob.get_by_label("Folder of raw micrographs on the server").fill("/etc")
    bob.get_by_label("Folder of raw micrographs on the server").press("Enter")
    bob.get_by_text("is not in a folder of the server that you may use").wait_for()
    shoot(bob, tmp_path, "lab-bob-refused")

    mallory = visitor()
    sign_in(mallory, server, "mallory")
    mallory.get_by_text("may not use this workbench").wait_for()
    shoot(mallory, tmp_path, "lab-mallory")
    assert mallory.request.get(f"{server}/media/x.png").status == 401

    tab = alice.context.new_page()
    tab.set_default_timeout(60_000)
    tab.goto(f"{server}/runs?run={hers}")
    tab.get_by_role("heading", name="her recipe").wait_for()
    alice.get_by_role("button", name="Sign out").click()
    alice.wait_for_url(f"{issuer}/**")  # the provider ends its session too
    alice.goto(server)
    alice.get_by_role("button", name="Sign in").wait_for()
    tab.get_by_text("Shared with the lab").click()
    tab.get_by_role("button", name="Sign in").wait_for()  # this tab was opened before the sign-out
    assert not get_run(hers).ownership.shared
    sign_in(tab, server, "alice")
    assert {deed.name for deed in read_audit() if deed.deed == "enter"} == {"Alice", "Bob"}

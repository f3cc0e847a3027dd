"""Signing in at a real provider: code, token, signature, cookie, person; everything but the browser."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware
from streamlit.web.server.starlette.starlette_auth_routes import create_auth_routes

from pages.people.requests import person_of_request
from sem_models.errors import UserError
from tests.support.lab import write_lab
from tests.support.provider import auth_section, provider

WORKBENCH = "http://testserver"
USERS = {
    "alice": {"name": "Alice", "groups": ["microscopists"]},
    "ada": {"name": "Ada", "groups": [*(f"group-{number:04d}" for number in range(400)), "staff"]},
    "mallory": {"name": "Mallory", "groups": ["visitors"]},
}


@pytest.fixture
def browser(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    write_lab(sem_home, settings='[roles]\nmicroscopists = "member"\nstaff = "admin"\n')

    def who(request: Request) -> JSONResponse | PlainTextResponse:
        try:
            return JSONResponse(person_of_request(request).to_json())
        except UserError as error:
            return PlainTextResponse(str(error), 401)

    with provider(USERS) as issuer:
        secrets = "streamlit.runtime.secrets.secrets_singleton"
        monkeypatch.setattr(f"{secrets}._secrets", {"auth": auth_section(issuer, WORKBENCH)})
        monkeypatch.setattr(f"{secrets}.load_if_toml_exists", lambda: True)
        routes = [Route("/who", who), Route("/", lambda _: PlainTextResponse("home")), *create_auth_routes("")]
        yield TestClient(Starlette(routes=routes, middleware=create_streamlit_middleware()), follow_redirects=False)


def sign_in(browser: TestClient, name: str, answer: str = "allow") -> None:
    asked = browser.get(generate_login_redirect_url("default")).headers["location"]
    form = {"sub": name} if answer == "allow" else {"action": "deny"}
    back = urlsplit(httpx.post(asked, data=form).headers["location"])
    browser.get(f"{back.path}?{back.query}")


@pytest.mark.parametrize(("name", "role"), [("alice", "member"), ("ada", "admin")])
def test_groups_of_the_id_token_become_the_role(name: str, role: str, browser: TestClient) -> None:
    """Ada is in 401 groups: her cookie is sent in several parts."""
    assert browser.get("/who").status_code == 401
    sign_in(browser, name)
    told = browser.get("/who").json()
    assert (told["name"], told["role"]) == (USERS[name]["name"], role)
    assert told["id"].startswith(f"{name}@localhost:")
    browser.get("/auth/logout")
    assert browser.get("/who").status_code == 401


def test_whom_the_lab_does_not_know_is_not_let_in(browser: TestClient) -> None:
    sign_in(browser, "mallory")
    assert "none of the groups in the claim 'groups' (visitors)" in browser.get("/who").text


def test_who_is_refused_at_the_provider_is_nobody(browser: TestClient) -> None:
    sign_in(browser, "alice", answer="deny")
    assert browser.get("/who").status_code == 401


def test_a_code_that_was_not_asked_for_is_worth_nothing(browser: TestClient) -> None:
    """As in an attack that makes somebody sign in as somebody else."""
    asked = browser.get(generate_login_redirect_url("default")).headers["location"]
    back = urlsplit(httpx.post(asked, data={"sub": "ada"}).headers["location"])
    browser.cookies.clear()
    browser.get(f"{back.path}?{back.query}")
    assert browser.get("/who").status_code == 401

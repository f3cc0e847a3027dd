"""Who gets what over HTTP: nothing of people's data without a sign-in, and no tiles of somebody else."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import MagicMock
from urllib.parse import unquote

import numpy as np
import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pages.people import media
from pages.people.door import GUARDED, SignedInOnly
from pages.people.reach import refuse_open_desk
from pages.people.requests import person_of_request
from pipelines.people.person import Person, local_person
from pipelines.viewing.codes import encode
from pipelines.viewing.pyramid import ImageFacts, build_pyramid
from pipelines.viewing.routes import image_routes
from pipelines.viewing.tickets import OFFICE
from tests.support.lab import ALICE, BOB, VERA, claims_of, write_lab

SECRET = "a secret of the server"  # noqa: S105
ORIGIN = "http://testserver"
AUTH = {"redirect_uri": f"{ORIGIN}/oauth2callback", "cookie_secret": SECRET}


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The section `[auth]` of the secrets, which Streamlit would read from a file."""
    section = dict(AUTH)
    monkeypatch.setattr("streamlit.runtime.secrets.secrets_singleton._secrets", {"auth": section})
    monkeypatch.setattr("streamlit.runtime.secrets.secrets_singleton.load_if_toml_exists", lambda: True)
    return section


@pytest.fixture
def client(sem_home: Path, auth: dict[str, str]) -> Iterator[TestClient]:
    write_lab(sem_home)

    async def taken(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    paths = ("/", "/_stcore/health", "/static/a.js", "/viewer/1/a.js")
    routes = [Route(path, lambda _: PlainTextResponse("here")) for path in paths]
    routes += [Route("/_stcore/upload_file/1/2", taken, methods=["PUT"]), *image_routes(who=person_of_request)]
    routes.append(Route("/media/{name}", lambda _: PlainTextResponse("here")))
    yield TestClient(Starlette(routes=routes, middleware=[Middleware(SignedInOnly)]), raise_server_exceptions=False)


def file_of(person: Person | None) -> str:
    """The name of a picture on a page of somebody."""
    return f"{'0' * 40}{media._seal('0' * 40, person.id if person else '')}.png"


def cookie(person: Person, secret: str = SECRET, **others: object) -> dict[str, str]:
    """The cookie that Streamlit sets after a sign-in."""
    claims = {**claims_of(person), "origin": ORIGIN, **others}
    return {"_streamlit_user": create_signed_value(secret, "_streamlit_user", json.dumps(claims)).decode()}


def test_the_program_is_anybodys_and_data_are_not(client: TestClient) -> None:
    for path in ("/", "/_stcore/health", "/static/a.js", "/viewer/1/a.js"):
        assert client.get(path).text == "here"
    for path in ("/media/x.png", "/view/token", "/download/token"):
        assert client.get(path).status_code == 401
    assert client.put("/_stcore/upload_file/1/2", content=b"x").status_code == 401
    client.cookies = cookie(VERA)
    assert client.get(f"/media/{file_of(VERA)}").text == "here"
    for name in (file_of(BOB), file_of(None), "x.png", "", f"{'0' * 40}.png"):
        assert client.get(f"/media/{name}").status_code == 404


@pytest.mark.parametrize(
    "forged",
    [
        cookie(ALICE, "another secret"),
        cookie(ALICE, origin="http://elsewhere"),
        cookie(ALICE, is_logged_in=False),
        cookie(ALICE, iat=1.0),
        {"_streamlit_user": json.dumps(claims_of(ALICE))},
        {"_streamlit_user": ""},
        {"_streamlit_user_tokens": cookie(ALICE)["_streamlit_user"]},
    ],
)
def test_forged_and_old_cookies_are_none(forged: dict[str, str], client: TestClient) -> None:
    client.cookies = forged
    assert client.get("/media/x.png").status_code == 401


def test_only_the_person_with_the_ticket_sees_the_image(client: TestClient) -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    held = OFFICE.issue(lambda: build_pyramid(*encode(grey), ImageFacts("uint8", None)), ALICE)
    others = OFFICE.issue(lambda: build_pyramid(*encode(grey), ImageFacts("uint8", None)), BOB)
    place = f"/view/{held.token}"
    for wanted in ("", "/tile/0/0/0", "/profile?x0=0&y0=0&x1=3&y1=2"):
        client.cookies = cookie(ALICE)
        assert client.get(place + wanted).status_code == 200
        client.cookies = cookie(BOB)
        assert client.get(place + wanted).status_code == 404
        client.cookies = {}
        assert client.get(place + wanted).status_code == 401
    client.cookies = cookie(ALICE)
    assert client.get(f"{place}/difference/{others.token}?left=0&top=0&right=3&bottom=2").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["//media/x", "/./media/x", "/x/../media/x", "/MEDIA/x", "/%6dedia/x", "/media%2fx", "/media//x", "/media/x/",
     "/view/../media/x", "/_stcore/upload_file/../../media/x", "/;/media/x", "/media;x"],
)  # fmt: skip
def test_another_spelling_of_a_path_opens_nothing(path: str, client: TestClient) -> None:
    """Either the door knows it, or no route does."""
    scope = {"type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"host", b"testserver")], "scheme": "http", "server": ("testserver", 80)}  # fmt: skip
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(client.app(scope, receive, send))  # as a socket would hand it on; clients tidy paths up
    assert sent[0]["status"] in (401, 404, 307)
    assert b"here" not in b"".join(message.get("body", b"") for message in sent)  # type: ignore[misc]


def test_uploads_are_for_members_and_bounded(client: TestClient) -> None:
    place = "/_stcore/upload_file/1/2"
    client.cookies = cookie(VERA)
    assert client.put(place, content=b"x").status_code == 403
    client.cookies = cookie(ALICE)
    assert client.put(place, content=bytes(1_000_000)).text == "1000000"
    assert client.put(place, content=bytes(1_100_000)).status_code == 413
    stream = (bytes(100_000) for _ in range(12))
    assert client.put(place, content=stream).status_code >= 400, "a body that does not say its length is counted"


def test_broken_settings_let_nobody_in(client: TestClient, sem_home: Path) -> None:
    client.cookies = cookie(ALICE)
    (sem_home / "lab.toml").write_text("roles = 3")
    assert client.get("/media/x.png").status_code == 401
    (sem_home / "lab.toml").unlink()
    assert client.get("/media/x.png").status_code == 401, "sign-in is configured: it does not become a desk"


def test_a_desk_has_no_door(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [Route("/media/x.png", lambda _: PlainTextResponse("here"))]
    client = TestClient(Starlette(routes=routes, middleware=[Middleware(SignedInOnly)]), base_url="http://localhost")
    assert client.get("/media/x.png").text == "here"
    request = Request({"type": "http", "headers": []})
    assert person_of_request(request) == local_person()


HERE = ["localhost", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "[::1]", "LOCALHOST:1"]
ELSEWHERE = ["evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.7", ""]


@pytest.mark.parametrize("host", [*HERE, *ELSEWHERE, "ondemand.lab.example", "ondemand.lab.example:443", "node1:4711"])
def test_a_page_of_another_site_cannot_take_a_desk_for_its_own_server(
    host: str, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name may lead to 127.0.0.1 from one second to the next (DNS rebinding); it is in the header all the same."""
    options = {"browser.serverAddress": "ondemand.lab.example", "server.allowedHosts": ["node1"]}
    monkeypatch.setattr(st, "get_option", options.__getitem__)
    expected = host not in ELSEWHERE

    async def talk(connection: WebSocket) -> None:
        await connection.accept()
        await connection.send_text("here")

    routes = [Route("/", lambda _: PlainTextResponse("here")), WebSocketRoute("/_stcore/stream", talk)]
    client = TestClient(Starlette(routes=routes, middleware=[Middleware(SignedInOnly)]))
    said = client.get("/", headers={"host": host})
    assert (said.status_code, said.text == "here") == ((200, True) if expected else (403, False))
    if expected:
        with client.websocket_connect("/_stcore/stream", headers={"host": host}) as connection:
            assert connection.receive_text() == "here"
    else:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream", headers={"host": host}):
            pass


def test_a_lab_is_asked_under_any_name(client: TestClient) -> None:
    """There the cookie says who asks, which no other site has."""
    assert client.get("/", headers={"host": "lab.example"}).text == "here"


def test_a_desk_is_reached_from_its_own_machine_only(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("localhost", "127.0.0.1", "::1", "127.8.8.8"):
        monkeypatch.setattr(st, "get_option", lambda _, address=address: address)
        refuse_open_desk()
    for address in (None, "", "0.0.0.0", "::", "192.168.1.5", "lab.example", "localhost.evil.example"):  # noqa: S104
        monkeypatch.setattr(st, "get_option", lambda _, address=address: address)
        with pytest.raises(SystemExit, match="without sign-in, whoever reaches it"):
            refuse_open_desk()


def test_a_sign_in_is_not_sent_in_the_clear(sem_home: Path, auth: dict[str, str]) -> None:
    write_lab(sem_home)
    for fine in ("https://sem.lab.example/oauth2callback", "http://localhost:8501/oauth2callback"):
        auth["redirect_uri"] = fine
        refuse_open_desk()
    for wrong in ("http://sem.lab.example/oauth2callback", ""):
        auth["redirect_uri"] = wrong
        with pytest.raises(SystemExit, match="begin with https"):
            refuse_open_desk()


def test_every_route_of_streamlit_is_guarded_or_known_to_hold_no_data() -> None:
    """A new one has to be looked at."""
    known = {"/_stcore/health", "/_stcore/host-config", "/_stcore/stream", "/auth/login", "/auth/logout"}
    known |= {"/oauth2callback", "/component/{path:path}", "/_stcore/bidi-components/{path:path}", ""}
    paths = {route.path for route in create_streamlit_routes(MagicMock())}  # type: ignore[attr-defined]
    assert {path for path in paths if not path.removeprefix("/").startswith(GUARDED)} == known

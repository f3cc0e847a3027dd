"""The documents of addresses with and without a page. What a browser makes of it is seen in `tests/browser`."""

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages.widgets.document import document_routes
from pages.widgets.screens import SCREENS

PAGES = Path(__file__).resolve().parents[3] / "pages"


@pytest.mark.parametrize("prefix", ["", "/sem"])
def test_every_page_tells_the_browser_where_the_server_is(prefix: str) -> None:
    client = TestClient(Starlette(routes=document_routes(prefix)))
    assert {path.parent.name for path in PAGES.glob("*/page.py")} == set(SCREENS)
    for name in SCREENS:
        answer = client.get(f"{prefix}/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        # Before Streamlit's own program, which reads it when it is loaded.
        assert 0 < answer.text.index("BACKEND_BASE_URL") < answer.text.index("<script type=")


@pytest.mark.parametrize("prefix", ["", "/sem"])
def test_an_address_without_a_page_says_so_and_names_those_that_exist(prefix: str) -> None:
    client = TestClient(Starlette(routes=document_routes(prefix)))
    answer = client.get(f"{prefix}/people?run=1")
    assert answer.status_code == 404
    assert "There is no page “people”" in answer.text
    targets = re.findall(r'href="([^"]+)"', answer.text)
    assert [urljoin(f"http://host{prefix}/people", target) for target in targets] == [
        f"http://host{prefix}/{name}" for name in SCREENS
    ]
    for other in ("oauth2callback", "favicon.png", "_stcore", "a<b>", ""):
        assert "There is no page" not in client.get(f"{prefix}/{other}").text, "the server itself answers these"

"""The document of a page that is opened by its own address. What a browser makes of it is seen in `tests/browser`."""

from pathlib import Path

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
    assert client.get(f"{prefix}/nothing").status_code == 404

"""Pages of a lab's dashboard, visited by somebody who has signed in, or by nobody."""

import json
from collections.abc import Iterator

from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from pipelines.people.person import Person
from tests.support.lab import claims_of
from tests.support.pages import ROOT

AUTH = {"redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "x" * 32, "client_id": "sem"}


def visit(name: str, person: Person | None, claims: dict[str, object] | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "dashboard.py"), default_timeout=90)
    app.secrets["auth"] = AUTH
    app.user = claims if claims is not None else claims_of(person) if person else {}
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    return app if person is None or claims is not None else app.switch_page(f"{name}/page.py").run()


def texts(app: AppTest) -> str:
    """All that reaches the browser: every element with its properties."""

    def words(node: object) -> Iterator[str]:
        proto = getattr(node, "proto", None)
        if proto is not None:
            yield json.dumps(MessageToDict(proto), ensure_ascii=False)
        for child in getattr(node, "children", {}).values():
            yield from words(child)

    return "\n".join(words(app._tree))

"""The person of an HTTP request: from the cookie that Streamlit signs after a sign-in.

Streamlit hands these claims to its own pages only. Its pieces are put together here for our routes; a test signs in and
calls them, so that a change of theirs is noticed.
"""

import json
from collections.abc import Mapping

from starlette.requests import HTTPConnection
from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from pages.people.session import asks_to_sign_in
from pipelines.people.claims import NotSignedIn, person_of
from pipelines.people.lab import find_lab
from pipelines.people.person import Person, local_person


def person_of_request(request: HTTPConnection) -> Person:
    """Return who sends a request; at a desk, whoever sits there.

    Raises:
        NotSignedIn: A lab, and the request has no valid cookie.
        NotAdmitted: Somebody who has no role here.
        UserError: The settings of the lab cannot be used.
    """
    lab = find_lab()
    if lab is None and not asks_to_sign_in():
        return local_person()
    if lab is None:
        raise NotSignedIn("The settings of the lab are missing.")
    return person_of(_claims(request.cookies), lab)


def _claims(cookies: Mapping[str, str]) -> dict[str, object]:
    """Read the claims of the cookie; none where it is missing, forged, too old or of another server."""
    secret = get_cookie_secret()

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value.encode("latin-1")) if value else None

    content = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
    claims: dict[str, object] = json.loads(content) if content else {}
    return claims if claims.get("origin") == get_origin_from_redirect_uri() else {}

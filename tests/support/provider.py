"""A sign-in provider on this machine, which speaks OpenID Connect as a real one does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import oidc_provider_mock
from oidc_provider_mock import User

CLIENT = {"client_id": "sem-workbench", "client_secret": "known to both", "cookie_secret": "c" * 40}


@contextmanager
def provider(users: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    """Run a provider that knows users with claims; gives its address."""
    known = [User(sub=sub, claims=dict(claims)) for sub, claims in users.items()]
    with oidc_provider_mock.run_server_in_thread(user_claims=known) as server:
        yield f"http://localhost:{server.server_port}"


def auth_section(issuer: str, workbench: str) -> dict[str, str]:
    """The section `[auth]` of the secrets of a workbench at an address."""
    metadata = f"{issuer}/.well-known/openid-configuration"
    return {**CLIENT, "server_metadata_url": metadata, "redirect_uri": f"{workbench}/oauth2callback"}

"""Sign-ins that people have ended before their time: other tabs still hold the claims with which they were opened."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pipelines.home import home, writable_home


def end_sign_in(claims: Mapping[str, object]) -> None:
    """Record that the sign-in with these claims of its ID token has ended; a later one of the same person has not."""
    folder = writable_home().signed_out
    folder.mkdir(parents=True, exist_ok=True)
    _note(folder, claims).touch()


def has_ended(claims: Mapping[str, object]) -> bool:
    """Tell whether somebody has signed out of the sign-in with these claims."""
    return _note(home().signed_out, claims).exists()


def _note(folder: Path, claims: Mapping[str, object]) -> Path:
    """Name a file after the person and the time of the sign-in, as a digest: ids may contain what names must not."""
    what = json.dumps([claims.get(name) for name in ("iss", "sub", "iat")])
    return folder / hashlib.sha256(what.encode()).hexdigest()

"""Where what was measured and exported is kept between processes."""

import contextlib
import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder `cache` of `SEM_HOME`, or that of the user if `SEM_HOME` is not set."""
    home = os.environ.get("SEM_HOME")
    if home:
        return Path(home) / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sem-workbench"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is never seen incomplete. A cache that cannot be written is done without."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(content)
        Path(part.name).replace(path)

"""Where what was measured and exported is kept between processes."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder `cache` of `SEM_HOME`, or that of the user if `SEM_HOME` is not set."""
    home = os.environ.get("SEM_HOME")
    if home:
        return Path(home) / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sem-workbench"

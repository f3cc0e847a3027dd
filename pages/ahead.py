"""Importing ahead: what pages need is imported while the browser loads, in the order in which people get there."""

import gc
import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipelines.tracking.database import has_database
from pipelines.tracking.opening import wait_until_open

_PAGES = Path(__file__).parent
_FIRST_PAGE: Final = (
    "pandas", "plotly.graph_objects", "plotly.io", "pages.widgets.away.component", "pages.widgets.gate",
    "pages.widgets.tray", "pages.widgets.source", "pages.home.learning", "pages.home.opened", "pages.home.recent",
    "pipelines.jobs.slots",
)  # fmt: skip
"""What the first visit waits for; the browser is busy with Streamlit's own program meanwhile."""
_NEXT_PAGES: Final = (
    "pages.data.existing", "pages.data.form", "pages.data.planning", "pages.runs.table", "pages.train.branch",
    "pages.train.cost", "pages.train.dataset", "pages.train.rate", "pages.train.recipe", "pages.train.start",
    "sem_models.methods.table", "sem_models.networks.table",
)  # fmt: skip
"""What is opened from Home and needs no store, quick ones first; the last two need PyTorch, for which Train waits."""


def import_before_opening() -> None:
    """Import what needs no store, where its lists can be read without it; in a new home, Home itself waits for it."""
    if has_database():
        _import(_NEXT_PAGES)


def import_ahead() -> None:
    """Import what the first page needs, and all the rest once the store is open; not what acts when it is imported."""
    with _no_collections():
        _import(_FIRST_PAGE)
        wait_until_open()
        _import(_NEXT_PAGES)
        _import(_all_modules())


def _import(names: Iterable[str]) -> None:
    for name in names:
        importlib.import_module(name)


def _all_modules() -> Iterator[str]:
    for path in sorted(_PAGES.rglob("*.py")):
        if path.name not in ("page.py", "dashboard.py", "installed.py", "__main__.py"):
            inside = path.relative_to(_PAGES.parent).with_suffix("")
            yield ".".join(inside.parts).removesuffix(".__init__")


@contextmanager
def _no_collections() -> Iterator[None]:
    """Let Python not look for garbage during the block, and never again among what was there at its end.

    Modules are hardly ever garbage. Looking through all of them takes a third of the time of importing them, and later
    0.3 s at some click.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

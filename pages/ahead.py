"""Importing what the pages need before somebody asks for them: the first visit of a page would wait for it."""

import importlib
from pathlib import Path

_HERE = Path(__file__).parent


def import_ahead() -> None:
    """Import all modules of the pages except pages and main scripts, which act when they are imported."""
    for path in sorted(_HERE.rglob("*.py")):
        if path.name not in ("page.py", "dashboard.py", "installed.py", "__main__.py"):
            inside = path.relative_to(_HERE.parent).with_suffix("")
            importlib.import_module(".".join(inside.parts).removesuffix(".__init__"))

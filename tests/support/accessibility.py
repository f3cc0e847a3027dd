"""Whether everybody can use a page of the dashboard: the checks of axe-core (Deque Systems), in both themes."""

from functools import cache
from importlib.resources import files
from typing import Any

GRAVE = ("critical", "serious")


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text()


def grave_violations(page: Any) -> list[str]:
    """What axe calls critical or serious in what the page shows now, in the light and in the dark theme."""
    found = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(_IN_THEME, arg=theme)
        page.wait_for_timeout(300)  # colours fade into each other
        page.evaluate(_axe())
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [f"{theme}: {text}" for one in result["violations"] if one["impact"] in GRAVE for text in _said(one)]
    return found


_IN_THEME = "theme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === theme"


def _said(violation: dict[str, Any]) -> list[str]:
    return [f"{violation['id']}: {node['html'][:160]}" for node in violation["nodes"]]

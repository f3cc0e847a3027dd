"""A workbench after a first day of work, its dashboard, and a visitor for each journey.

The folder that SEM_JOURNEYS names keeps the workbench, whose trainings take minutes, and the pictures; without it both
are pytest's own.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import chromium, dashboard, free_port, needs_chromium
from tests.support.journeys import USUAL, WIDTHS, Journey

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for mark in (pytest.mark.journeys, pytest.mark.timeout(1800), needs_chromium):
                item.add_marker(mark)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("SEM_JOURNEYS")
    return Path(kept).resolve() if kept else tmp_path_factory.mktemp("journeys")


@pytest.fixture(scope="session")
def workbench(folder: Path) -> Iterator[Path]:
    home, ready = folder / "sem", folder / "ready"
    home.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SEM_HOME", str(home))
        changed.delenv("MLFLOW_TRACKING_URI", raising=False)
        if not ready.exists():
            from tests.support.workbench import make_workbench  # torch and MLflow, which a kept workbench does not need

            make_workbench(home)
            ready.touch()
        yield home


@pytest.fixture(scope="session")
def address(workbench: Path) -> Iterator[str]:
    with dashboard(free_port(), home=workbench) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    with chromium() as browser:
        yield browser


@pytest.fixture
def journey(browser: "Browser", address: str, workbench: Path, folder: Path) -> Iterator[Journey]:
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    context = browser.new_context(viewport={"width": USUAL, "height": WIDTHS[USUAL]}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(300_000)
    journey = Journey(page, address, workbench, pictures)
    yield journey
    page.screenshot(path=pictures / "last.png")
    context.close()
    journey.close()

"""How often a person has to click: counted in the browser, from where they come in to what they came for."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_COUNT = """(() => {
    const add = () => sessionStorage.setItem("clicks", Number(sessionStorage.getItem("clicks")) + 1)
    addEventListener("click", (event) => { if (event.isTrusted) add() }, true)
    addEventListener("keydown", (event) => {
        if (event.isTrusted && event.key === "Enter" && event.target.matches("input, textarea")) add()
    }, true)
})()"""
"""A button that is pressed by a key sends a click as well; Enter in a field does not, and counts like one. A click that
a program makes, such as that of a button on the hidden field for files, does not count."""


class Clicks:
    """Counts clicks on all pages of a tab from the next navigation on."""

    def __init__(self, page: "Page") -> None:
        page.add_init_script(_COUNT)
        self._page, self._in_dialogs = page, 0

    def choose_file(self, button: "Locator", path: Path) -> None:
        """Click what opens the dialog for files, and choose one there, which is a click that no page sees."""
        with self._page.expect_file_chooser() as opened:
            button.click()
        opened.value.set_files(path)
        self._in_dialogs += 1

    @property
    def count(self) -> int:
        """Clicks so far."""
        return int(self._page.evaluate("Number(sessionStorage.getItem('clicks'))")) + self._in_dialogs

"""What is asked of a page where somebody has arrived: readable at every width, in both themes, and by keyboard."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from tests.support.accessibility import grave_violations
from tests.support.browser import settled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

WIDTHS = {390: 844, 768: 1024, 1440: 900, 2560: 1440}
"""Widths with heights in px: a phone, a tablet, a laptop, a large screen."""
USUAL = 1440


@dataclass
class Journey:
    """One visitor of one dashboard."""

    page: "Page"
    address: str
    home: Path
    pictures: Path
    found: list[str] = field(default_factory=list)
    """What is wrong so far; asserted at the end, so that one visit finds everything."""

    def go(self, path: str = "") -> None:
        """Open an address."""
        self.page.goto(f"{self.address}/{path}")
        settled(self.page)

    def look(self, name: str) -> None:
        """Take the pictures of a page as it is now, and note all that is wrong with it."""
        settled(self.page)
        for width, height in WIDTHS.items():
            self._resize(width, height)
            self.found += [f"{name} at {width} px: {text}" for text in self.page.evaluate(_CUT)]
            if width in (min(WIDTHS), max(WIDTHS)):
                self._whole(f"{name}-{width}")
        self._resize(USUAL, WIDTHS[USUAL])
        self.found += [f"{name}: {text}" for text in grave_violations(self.page)]
        for theme in ("dark", "light"):
            self.page.emulate_media(color_scheme=theme)
            self.page.wait_for_timeout(700)
            self.page.screenshot(path=self.pictures / f"{name}-{theme}.png")

    def tab_to(self, target: "Locator", most: int = 120) -> None:
        """Press Tab until a control has the focus, which has to be seen."""
        wanted = target.element_handle()
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(_HAS_FOCUS, wanted):
                break
        else:
            raise AssertionError(f"{target} is not reached by {most} presses of Tab")
        self._sees_focus(target)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(150)

    def close(self) -> None:
        """Say what was found."""
        assert self.found == [], "\n".join(self.found)

    def _sees_focus(self, target: "Locator") -> None:
        """Compare the picture of a control with and without the focus."""
        target.scroll_into_view_if_needed()
        self.page.wait_for_timeout(300)
        with_focus = self._around(target)
        self.page.evaluate(_BLUR)
        self.page.wait_for_timeout(300)
        without = self._around(target)
        target.focus()
        if ImageChops.difference(with_focus, without).getbbox() is None:
            self.found.append(f"the focus on {target} cannot be seen")

    def _around(self, target: "Locator") -> Image.Image:
        box = target.bounding_box()
        assert box
        left, top = max(box["x"] - 6, 0), max(box["y"] - 6, 0)
        clip = {"x": left, "y": top, "width": box["width"] + 12, "height": box["height"] + 12}
        path = self.pictures / "focus.png"
        self.page.screenshot(path=path, clip=clip)
        return Image.open(path).convert("RGB")

    def _resize(self, width: int, height: int) -> None:
        """Wait for the sidebar, which slides, and for charts and pictures, which follow after a pause."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_timeout(700)
        self.page.wait_for_function(_STANDS_STILL, polling=300)

    def _whole(self, name: str) -> None:
        """Take a picture of the page from top to bottom, which else scrolls in a frame of its own."""
        style = self.page.add_style_tag(content=_UNROLLED)
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)
        style.evaluate("style => style.remove()")


_UNROLLED = """html, body, #root, [data-testid=stApp], [data-testid=stAppViewContainer], [data-testid=stMain] {
    height: auto !important; overflow: visible !important; position: static !important;
}"""
_STANDS_STILL = """() => {
    const {x, width} = document.querySelector("[data-testid=stSidebar]").getBoundingClientRect()
    const [before, now] = [window.sidebarWas, `${x} ${width} ${innerWidth}`]
    window.sidebarWas = now
    return before === now
}"""
_BLUR = """() => {
    let at = document.activeElement
    while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    at.blur()
}"""
_HAS_FOCUS = """wanted => {
    let at = document.activeElement
    while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    return at === wanted
}"""
_CUT = Path(__file__).with_name("cut_text.js").read_text()

"""Inference: a micrograph is enlarged, and what the model did is looked at closely."""

from tests.support.browser import painted, settled
from tests.support.journeys import Journey


def test_a_micrograph_is_enlarged_and_looked_at_by_keyboard(journey: Journey) -> None:
    page = journey.page
    journey.go("inference?model=starter:sr-x4")
    journey.tab_to(page.get_by_label("File or folder on the server"))
    page.keyboard.type(str(journey.home / "datasets" / ".demo-raw" / "particles-specimen1_field1.tif"))
    journey.press("Enter")
    restore = page.get_by_role("button", name="Restore")
    page.wait_for_function("button => !button.disabled", arg=restore.element_handle())
    settled(page)
    journey.look("inference-form")
    journey.tab_to(restore)
    journey.press("Enter")
    page.locator(".sem-viewer .pane").nth(1).wait_for()
    painted(page)
    journey.look("inference")

    tools = page.get_by_role("toolbar", name="Viewer")
    journey.tab_to(tools.get_by_role("button", name="Curtain"))
    journey.press("Enter")
    line = page.get_by_role("slider", name="Dividing line")
    journey.tab_to(line)
    journey.press("ArrowLeft", "ArrowLeft")
    assert line.get_attribute("aria-valuenow") == "46"

    zoom = page.locator(".sem-viewer .zoom:visible")
    journey.press("1")
    zoom.get_by_text("1:1", exact=True).wait_for()
    journey.press("+")
    zoom.get_by_text("2.0x", exact=True).wait_for()
    assert zoom.count() == 1, "both panes show the same field"
    before = page.evaluate(_CENTRE)
    journey.tab_to(page.locator(".sem-viewer .openseadragon-canvas").first)
    journey.press("ArrowRight", "ArrowDown")
    page.wait_for_timeout(800)
    after = page.evaluate(_CENTRE)
    assert after[0] > before[0]
    assert after[1] > before[1]
    painted(page)
    journey.look("inference-curtain")
    line.focus()
    for end in ("End", "Home"):
        journey.press(end)
        assert page.evaluate(_COVERED) == [], f"the curtain at its {end} leaves zoom and scale bar readable"


_COVERED = """() => {
    const [host] = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot?.querySelector(".sem-viewer"))
    const root = host?.shadowRoot ?? document
    const shown = [...root.querySelectorAll(".sem-viewer .zoom, .sem-viewer .bar")].filter((one) => one.offsetWidth)
    const cut = shown.filter((one) => one.closest(".pane")?.style.clipPath)
    const box = (one) => one.getBoundingClientRect()
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
    const names = [...root.querySelectorAll(".sem-viewer .name")]
    const below = shown.filter((one) => names.some((name) => meet(box(one), box(name))))
    return [...cut, ...below].map((one) => one.className)
}"""
_CENTRE = """() => {
    const [host] = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot?.querySelector(".sem-viewer"))
    const root = (host?.shadowRoot ?? document).querySelector(".sem-viewer")
    const {x, y} = root.shownViewer.viewer.panes[0].viewer.viewport.getCenter()
    return [x, y]
}"""

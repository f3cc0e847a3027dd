"""Data: a session at the microscope is looked at, corrected, and prepared as a dataset."""

from tests.support.browser import painted
from tests.support.journeys import Journey


def test_a_session_is_looked_at_and_prepared_by_keyboard(journey: Journey) -> None:
    page = journey.page
    journey.go("data")
    journey.look("data-form")

    journey.tab_to(page.get_by_label("Folder of raw micrographs on the server"))
    page.keyboard.type(str(journey.home / "session-12"))
    journey.press("Enter")
    look = page.get_by_role("button", name="Look at the files")
    page.wait_for_function("button => !button.disabled", arg=look.element_handle())
    journey.tab_to(look)
    journey.press("Enter")
    page.get_by_text("What would be prepared").wait_for()

    tiles = page.locator(".sheet .tile")
    journey.tab_to(tiles.first)
    journey.press("ArrowRight", "ArrowRight", "Enter")
    page.get_by_text("rows at the bottom will be cut").wait_for()
    painted(page)
    journey.tab_to(page.get_by_role("slider", name="Rows of data bar"))
    journey.look("data")

    journey.tab_to(page.get_by_role("button", name="Prepare the dataset"))
    journey.press("Enter")
    page.get_by_text("is ready: ").wait_for()
    journey.look("data-ready")

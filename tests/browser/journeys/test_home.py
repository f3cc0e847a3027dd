"""Home: a micrograph is opened, seen with its facts, and restored."""

from tests.support.browser import painted, settled
from tests.support.journeys import Journey


def test_a_micrograph_is_opened_and_restored_by_keyboard(journey: Journey) -> None:
    page = journey.page
    journey.go()
    page.get_by_text("Recent work").wait_for()
    journey.look("home")

    journey.tab_to(page.get_by_role("button", name="Try a simulated micrograph"))
    journey.press("Enter")
    painted(page)
    restore = page.get_by_role("button", name="Remove noise")
    restore.wait_for()
    settled(page)
    journey.look("home-opened")

    journey.tab_to(restore)
    journey.press("Enter")
    page.get_by_text("made by starter:denoise").wait_for()
    painted(page)
    journey.look("restored")

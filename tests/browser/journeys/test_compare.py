"""Compare: two models and their baselines, by their scores and by what they make of one image."""

from tests.support.browser import painted
from tests.support.journeys import Journey


def test_one_image_is_seen_through_every_method_by_keyboard(journey: Journey) -> None:
    page = journey.page
    journey.go("compare")
    page.get_by_text("has the best mean").wait_for()
    show = page.get_by_role("button", name="Show this image through every method")
    if show.count():  # a workbench that is used again has the pictures
        journey.tab_to(show)
        journey.press("Enter")
    page.locator(".sem-viewer .pane").nth(2).wait_for()
    painted(page)
    journey.look("compare")
    journey.tab_to(page.locator("summary", has_text="Statistics"))
    journey.press("Enter")
    page.get_by_text("Model against model").wait_for()
    journey.look("compare-statistics")

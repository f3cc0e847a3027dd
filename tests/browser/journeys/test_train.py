"""Train: a recipe is chosen, its cost measured, and a training launched and cancelled."""

from tests.support.browser import settled
from tests.support.journeys import Journey


def test_a_training_is_measured_launched_and_cancelled_by_keyboard(journey: Journey) -> None:
    page = journey.page
    journey.go("train?dataset=demo-phantoms")
    journey.tab_to(page.get_by_role("button", name="Measure ten steps"))
    journey.press("Enter")
    page.get_by_text("GB of memory").wait_for()
    journey.look("train")

    journey.tab_to(page.locator("summary").filter(has=page.get_by_text("Settings", exact=True)))
    journey.press("Enter")
    page.get_by_label("Steps", exact=True).wait_for()
    settled(page)
    journey.look("train-settings")

    journey.tab_to(page.get_by_role("button", name="Launch"))
    journey.press("Enter")
    cancel = page.get_by_test_id("stMain").get_by_role("button", name="Cancel")
    cancel.wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    page.screenshot(path=journey.pictures / "run-live.png")
    journey.tab_to(cancel)
    journey.press("Enter")
    page.get_by_text("Cancelled", exact=True).wait_for()

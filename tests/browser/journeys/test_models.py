"""Models: the list, and one version with its card, its promotions and its files."""

from tests.support.journeys import Journey


def test_a_model_is_opened_and_written_as_files_by_keyboard(journey: Journey) -> None:
    page = journey.page
    journey.go("models")
    page.get_by_text("Click one to open it").wait_for()
    journey.look("models")

    journey.tab_to(page.get_by_test_id("data-grid-canvas").first)
    journey.tab_to(page.get_by_role("combobox", name="Version"))  # the table is passed, and opens nothing
    journey.press("ArrowDown", "Enter")
    page.get_by_text("Scores when it was registered").wait_for()
    journey.tab_to(page.get_by_role("button", name="Write the files"))
    journey.press("Enter")
    page.get_by_role("link", name="Download demo-sr-x4").wait_for()
    journey.look("model")

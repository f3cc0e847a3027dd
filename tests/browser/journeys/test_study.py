"""Study: somebody rates blinded pictures, and somebody else reads what came out."""

from pipelines.study.results import study_results
from pipelines.study.studies import list_studies, open_study
from tests.support.browser import settled
from tests.support.journeys import Journey

RATERS = ("Ada", "Emmy", "Lise", "Marie", "Maria", "Chien-Shiung", "Rosalind", "Dorothy")


def test_pictures_are_rated_and_the_outcome_read_by_keyboard(journey: Journey) -> None:
    page = journey.page
    study = open_study(list_studies()[0].run_id)
    name = next(name for name in RATERS if name.lower() not in str(study_results(study).raters).lower())
    journey.go("study")
    field = page.get_by_role("textbox", name="Your name")
    field.wait_for()
    journey.look("study")
    journey.tab_to(field)
    page.keyboard.type(name)
    journey.tab_to(page.get_by_role("button", name="Begin"))
    journey.press("Enter")
    page.get_by_text(f"1 of {len(study.key.trials)}").wait_for()
    journey.look("study-trial")
    for number in range(2, len(study.key.trials) + 1):
        journey.press("ArrowLeft" if number % 3 else "ArrowRight")
        page.get_by_text(f"{number} of {len(study.key.trials)}").wait_for()
        settled(page)  # keys count once the buttons are there
    journey.press("ArrowLeft")
    page.get_by_text("Thank you").wait_for()

    results = page.get_by_role("radio", name="Results")
    journey.tab_to(page.get_by_role("radio", name="Take part"))
    journey.press("ArrowRight", "Enter")
    results.wait_for()
    key = page.get_by_role("switch", name="Open the key")
    key.or_(page.get_by_role("checkbox", name="Open the key")).wait_for()
    journey.tab_to(key.or_(page.get_by_role("checkbox", name="Open the key")))
    journey.press("Space")
    page.locator(".js-plotly-plot").first.wait_for()
    journey.look("study-results")

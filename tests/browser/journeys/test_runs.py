"""Runs: the table, one run with its curves, samples and scores, and two runs together."""

from pipelines.tracking.runs import list_runs
from tests.support.browser import settled
from tests.support.journeys import Journey


def test_a_run_is_opened_and_read_by_keyboard(journey: Journey) -> None:
    page = journey.page
    journey.go("runs")
    page.get_by_text("Click a run to open it").wait_for()
    journey.look("runs")

    journey.tab_to(page.get_by_test_id("data-grid-canvas"))
    journey.tab_to(page.get_by_role("combobox", name="Runs"))  # the table is passed, and opens nothing
    page.keyboard.type("srresnet")
    journey.press("ArrowDown", "Enter", "Escape")
    journey.tab_to(page.get_by_role("button", name="Open the run"))
    journey.press("Enter")
    page.get_by_text("Terms of the loss").wait_for()

    run = next(run for run in list_runs(kind="training") if "srresnet" in run.name and run.status == "FINISHED")
    journey.go(f"runs?run={run.run_id}")
    page.locator("[data-testid=stImage] img").nth(3).wait_for()
    journey.look("run")
    journey.tab_to(page.get_by_role("tab", name="Samples by step"))
    journey.press("ArrowRight", "Enter")
    page.get_by_text("Gain over the baselines").wait_for()
    journey.look("run-scores")


def test_two_runs_are_seen_together(journey: Journey) -> None:
    finished = [run.run_id for run in list_runs(kind="training") if run.status == "FINISHED"]
    journey.go(f"runs?runs={','.join(finished[-2:])}")
    journey.page.locator(".js-plotly-plot").first.wait_for()
    settled(journey.page)
    journey.look("runs-together")

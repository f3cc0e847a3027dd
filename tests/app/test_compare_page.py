"""The compare page with several scored runs."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from pages.compare import costs
from pipelines.tracking.artifacts import put_text
from tests.support.pages import assert_sound, page, unfolded_comparison
from tests.support.scored_runs import POOR, store, three_runs


@pytest.fixture
def runs(sem_home: Path) -> dict[str, str]:
    return three_runs()


def _paired_table(app: AppTest) -> pd.DataFrame:
    models, _baselines = [frame.value for frame in app.dataframe if "p (Holm)" in frame.value]
    return models


def test_models_are_paired_with_the_best_by_the_chosen_metric(runs: dict[str, str]) -> None:
    app = unfolded_comparison()
    assert_sound(app)
    table = _paired_table(app)
    assert [name.split()[0] for name in table["model"]] == ["fair", "poor"] * 2
    assert list(table["metric"])[::2] == ["PSNR (dB)", "MSE, data range²"]
    assert (list(table["images"]), list(table["groups"])) == ([8] * 4, [4] * 4)
    assert table["p (Holm)"][1] == f"{2 * 2 / 2**4:.3g}", "the smallest p of 4 specimens, twice"
    app.selectbox(key="metric").set_value("mse").run()
    table = _paired_table(app)
    assert [name.split()[0] for name in table["model"]] == ["good", "poor"] * 2, "fair is best by MSE: less is better"
    assert table["metric"][0] == "MSE, data range²"


def test_another_reference_turns_the_verdict_and_may_leave_the_comparison(runs: dict[str, str]) -> None:
    app = unfolded_comparison()
    app.selectbox(key="reference").select(runs["poor"]).run()
    assert_sound(app)
    assert set(_paired_table(app)["verdict"][:2]) == {"no difference shown"}
    for unfolded in (False, True):
        app.session_state["statistics-fold"] = unfolded
        app.run()
    assert app.selectbox(key="reference").value == runs["poor"], "it stays while the section is folded"
    app.multiselect(key="compared-set").unselect(runs["poor"]).run()
    assert_sound(app)
    assert [name.split()[0] for name in _paired_table(app)["model"]] == ["fair", "fair"]


def test_a_run_without_partner_gives_the_reason(runs: dict[str, str]) -> None:
    store("alone", POOR, 0.1, border_px=2)
    app = page("compare")
    assert any("alone" in box.value and "border in px 2, not 4" in box.value for box in app.warning)


def test_one_run_has_nothing_to_pair_with(sem_home: Path) -> None:
    store("single", POOR, 0.1)
    app = unfolded_comparison()
    assert_sound(app)
    assert any("nothing to compare" in box.value for box in app.info)


def test_the_address_holds_runs_and_metric(runs: dict[str, str]) -> None:
    app = page("compare", runs=f"{runs['poor'][:8]},{runs['fair'][:8]}", metric="mse")
    assert_sound(app)
    assert app.multiselect(key="compared-set").value == [runs["poor"], runs["fair"]]
    assert app.selectbox(key="metric").value == "mse"
    assert any("**fair** has the best mean" in text.value for text in app.markdown)
    app.selectbox(key="metric").set_value("psnr_db").run()
    assert app.query_params["metric"] in ("psnr_db", ["psnr_db"])


def test_runs_that_are_gone_are_not_replaced_by_others(runs: dict[str, str]) -> None:
    app = page("compare", runs="zzzz")
    assert_sound(app)
    assert app.multiselect(key="compared-set").value == []
    assert "None of the runs zzzz" in app.warning[0].value


def test_images_come_worst_first_and_the_address_opens_one(runs: dict[str, str]) -> None:
    app = page("compare")
    boxes = [box for box in app.selectbox if box.label == "Image"]
    assert boxes[0].value == "i6", "28.0 of a baseline of 20.0 everywhere"
    again = page("compare", image="i3")
    assert [box.value for box in again.selectbox if box.label == "Image"] == ["i3"]


def test_hundreds_of_scored_runs_are_not_all_compared(sem_home: Path) -> None:
    for index in range(8):
        store(f"run {index}", POOR, 0.1 + index)
    app = page("compare")
    assert_sound(app)
    assert len(app.multiselect(key="compared-set").value) == 6


def test_a_damaged_report_is_one_warning(runs: dict[str, str]) -> None:
    put_text(runs["poor"], "evaluation/set-test.json", "{")
    app = page("compare")
    assert_sound(app)
    assert any("damaged" in box.value for box in app.warning)


def test_ticks_between_powers_of_ten_are_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plotly writes a lone 2 for 200,000 unless the axis has a format of its own."""
    drawn: list[go.Figure] = []
    monkeypatch.setattr(costs.st, "plotly_chart", lambda figure, key: drawn.append(figure))
    costs._plot([], [], {}, "psnr_db", lambda cost: cost.parameters, costs._PARAMETERS, "size")
    (figure,) = drawn
    assert (figure.layout.xaxis.dtick, figure.layout.xaxis.tickformat) == ("D2", "~s")

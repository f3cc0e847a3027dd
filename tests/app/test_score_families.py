"""Many scores are shown one family at a time, a few of them together."""

from pathlib import Path

import pytest

from tests.support.pages import assert_sound, unfolded_comparison
from tests.support.scored_runs import FAIR, GOOD, store

MANY = {"ssim": 0.5, "frc_mean": 0.4, "lpips_alex": 0.3, "dists": 0.2, "std_ratio": 0.9, "slope_difference": 0.1}


@pytest.fixture
def runs(sem_home: Path) -> list[str]:
    return [store("good", GOOD, 0.001, extra=MANY), store("fair", FAIR, 0.002, extra=MANY)]


def columns(app) -> list[str]:
    return list(app.dataframe[0].value)[1:]


def test_tables_and_charts_show_the_chosen_family(runs: list[str]) -> None:
    app = unfolded_comparison()
    assert_sound(app)
    assert columns(app) == ["PSNR (dB) ↑", "MSE ↓"]
    choice = app.segmented_control(key="scores")
    assert list(choice.options) == ["Pixel errors", "Structure", "Trained features", "Texture", "All"]
    choice.set_value("Texture").run()
    assert_sound(app)
    assert columns(app) == ["Standard deviation, output / target → 1", "Spectrum slope, output - target → 0"]
    assert app.selectbox(key="metric").value == "psnr_db", "what decides stays what it was"
    tables = [frame.value for frame in app.dataframe if "metric" in frame.value]
    assert [len(set(table["metric"])) for table in tables] == [2, 2], "models against one another, and baselines"
    app.segmented_control(key="scores").set_value("All").run()
    assert len(columns(app)) == 8


def test_a_large_gain_on_few_images_is_not_called_better(sem_home: Path) -> None:
    store("two", GOOD[:2], 0.001)
    app = unfolded_comparison()
    (table,) = [frame.value for frame in app.dataframe if "verdict" in frame.value]
    assert set(table["verdict"]) == {"no difference shown"}
    assert any("With 1 specimen p cannot" in box.value for box in app.warning)

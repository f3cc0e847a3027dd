"""The Data page with pairs: which are used, which are rejected, and the overlay of both images."""

from pathlib import Path

from tests.support.pages import assert_sound, page
from tests.support.warps import write_pairs


def test_pairs_are_overlaid_before_anything_is_written(sem_home: Path) -> None:
    options = write_pairs(sem_home)
    app = page("data")
    app.text_input(key="name").input("pairs")
    app.selectbox(key="kind").set_value("paired").run()
    app.text_input(key="raw-folder").input(str(options.raw[0]))
    app.text_input(key="other-folder").input(str(options.target))
    app.selectbox(key="register").set_value("shift").run()
    app.button[0].click().run()
    assert_sound(app)
    table = next(frame.value for frame in app.dataframe if "residual (px)" in frame.value)
    assert list(table["state"]) == ["cropped"] * 3 + ["rejected"]
    assert [float(text.split(",")[0]) < 0.4 for text in table["residual (px)"][:3]] == [True] * 3
    assert all(float(text.split(",")[0]) > 6 for text in table["residual before (px)"][:3])
    assert any("s3.tif: the alignment could not be verified" in box.value for box in app.warning)
    assert len(app.selectbox(key="pair").options) == 4
    assert len(app.get("image")) == 2, "before and after"
    assert not (sem_home / "datasets" / "pairs").exists()

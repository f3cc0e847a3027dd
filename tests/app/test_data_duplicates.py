"""The Data page shows images of one field before anything is written."""

from pathlib import Path

from PIL import Image

from tests.support.images import smooth_images
from tests.support.pages import page


def test_copies_are_in_the_plan(sem_home: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for index, image in enumerate(smooth_images(5)):
        Image.fromarray(image).save(raw / f"S{index}-a.png")
    (raw / "S9-copy.png").write_bytes((raw / "S1-a.png").read_bytes())
    app = page("data")
    app.text_input(key="name").input("d")
    app.text_input(key="raw-folder").input(str(raw)).run()
    app.button[0].click().run()
    assert not app.exception
    assert any("2 images have equal pixels: S1-a.png, S9-copy.png" in warning.value for warning in app.warning)
    app.segmented_control(key="order").set_value("field").run()
    assert not app.exception
    leave_out = next(button for button in app.button if button.label == "Leave out exact copies (1)")
    leave_out.click().run()
    plan = app.session_state["plan"]
    assert [image.source for image in plan.excluded] == ["S9-copy.png"]
    assert not plan.duplicates.sets
    assert len(plan.images) == 5

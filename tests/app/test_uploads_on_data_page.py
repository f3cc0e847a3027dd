"""Targets and masks are uploaded like the images, into folders of their own."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.images import smooth_images
from tests.support.masked_sets import RAW_OF_CLASS, rings
from tests.support.pages import assert_sound, page


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_different_files_of_one_name_are_refused_and_the_same_one_counts_once(sem_home: Path) -> None:
    """Microscopes begin to count anew for each specimen."""
    first, second = (("i1.png", png(image), "image/png") for image in smooth_images(2, 64))
    app = page("data")
    app.segmented_control(key="raw-way").set_value("On this computer").run()
    app.text_input(key="name").set_value("steel")
    app.file_uploader(key="raw-files").set_value([first, second]).run()
    assert "Several different files are called 'i1.png'" in app.error[0].value
    assert not (sem_home / "uploads").exists()
    app.file_uploader(key="raw-files").set_value([first, first]).run()
    assert_sound(app)
    assert [path.name for path in (sem_home / "uploads").rglob("*.png")] == ["i1.png"]


@pytest.mark.parametrize("kind", ["paired", "masked"])
def test_both_are_uploaded(kind: str, sem_home: Path) -> None:
    shown = smooth_images(3, 64)
    second = {"paired": [255 - image for image in shown], "masked": [RAW_OF_CLASS[rings(i)] for i in range(3)]}[kind]
    images, others = (
        [(f"S{i}.png", png(image), "image/png") for i, image in enumerate(some)] for some in (shown, second)
    )
    app = page("data")
    app.selectbox(key="kind").set_value(kind).run()
    app.segmented_control(key="raw-way").set_value("On this computer")
    app.segmented_control(key="other-way").set_value("On this computer").run()
    app.file_uploader(key="raw-files").set_value(images)
    app.file_uploader(key="other-files").set_value(others).run()
    app.button[0].click().run()
    assert_sound(app)
    plan = app.session_state["plan"]
    assert len(plan.images) == 6
    folders = {image.path.parent for image in plan.images}
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {sem_home / "uploads"}

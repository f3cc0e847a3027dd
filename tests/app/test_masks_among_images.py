"""The Data page says which files look like masks and leaves them out, unless the user wants them."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.images import smooth_images
from tests.support.pages import page


def test_masks_are_left_out_until_the_user_asks_for_them(sem_home: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for index, image in enumerate(smooth_images(4)):
        Image.fromarray(image).save(raw / f"S{index}.png")
    Image.fromarray(np.kron([[0, 255], [255, 0]], np.ones((64, 64))).astype(np.uint8)).save(raw / "S1_mask.png")
    app = page("data")
    app.text_input(key="name").input("d")
    app.text_input(key="raw-folder").input(str(raw)).run()
    app.button[0].click().run()
    assert not app.exception
    assert any("S1_mask.png of S1.png" in warning.value for warning in app.warning)
    assert any(expander.label == "1 file left out" for expander in app.expander)
    assert "S1_mask.png" not in list(app.dataframe[0].value["image"])
    app.toggle(key="masks_as_images").set_value(True).run()
    app.button[0].click().run()
    assert not app.exception
    assert "S1_mask.png" in list(app.dataframe[0].value["image"])
    assert any("S1_mask.png (S1_mask.png has 2 grey levels)" in warning.value for warning in app.warning)

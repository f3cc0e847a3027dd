"""Datasets with masks on the Data page: classes with their shares, the mask overlay, the suffix in the request."""

from pathlib import Path

import numpy as np
from PIL import Image

from pages.data.masks import mask_over
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.images.display import coloured, display_window, to_display
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings
from tests.support.pages import assert_sound, page


def test_data_page_shows_classes_and_overlay(tmp_path: Path, sem_home: Path) -> None:
    classes = [rings(seed) for seed in range(4)]
    options = masked_files(tmp_path, ["s0", "s1", "s2", "s3"], [RAW_OF_CLASS[mask] for mask in classes])
    app = page("data")
    app.text_input(key="name").set_value("m")
    app.selectbox(key="kind").set_value("masked").run()
    app.text_input(key="raw-folder").set_value(str(options.raw[0]))
    app.text_input(key="other-folder").set_value(str(options.masks)).run()
    app.text_input(key="mask_suffix").set_value("").run()
    app.button[0].click().run()
    assert_sound(app)
    table = app.dataframe[0].value
    assert table["label in the masks"].tolist() == [0, 127, 255]
    counted = 100 * np.bincount(np.stack(classes).ravel()) / np.stack(classes).size
    assert np.allclose(table["share (%)"], counted, atol=0.006)
    plan = plan_dataset(options)
    chosen = next(image for image in plan.images if image.role == "mask" and image.sample == "s1.png")
    picture = mask_over(plan, chosen)
    assert picture is not None
    raw = np.asarray(Image.open(tmp_path / "raw" / "s1.png"))
    under = to_display(raw, display_window([raw]))
    outside, inside = classes[1] == 0, classes[1] == 2
    assert np.array_equal(picture[outside], np.repeat(under[outside][:, None], 3, axis=1))
    mixed = 0.6 * under[inside][:, None] + 0.4 * coloured(np.array([2]))
    assert np.abs(picture[inside] - mixed).max() <= 0.5
    image = next(image for image in plan.images if image.role == "image" and image.sample == "s1.png")
    assert mask_over(plan, image) is None

"""Datasets with masks on the Data page: classes with their shares, the mask overlay, the suffix in the request."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from pipelines.people.person import local_person
from pipelines.viewing.tickets import OFFICE
from sem_models.images.display import coloured
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


def _script(folder: str) -> None:
    from pathlib import Path

    from pages.data.masks import show_mask
    from sem_models.datasets.preparation.options import PrepareOptions
    from sem_models.datasets.preparation.plan import plan_dataset

    place = Path(folder)
    files = {"raw": (place / "raw",), "masks": place / "masks"}
    plan = plan_dataset(PrepareOptions(name="m", kind="masked", join_same_field=False, **files))
    chosen = next(image for image in plan.images if image.role == "mask" and image.sample == "s1.png")
    assert plan.labels is not None
    show_mask(plan, chosen, plan.labels)


def test_the_classes_of_a_mask_lie_over_its_image(tmp_path: Path, sem_home: Path) -> None:
    classes = [rings(seed) for seed in range(4)]
    masked_files(tmp_path, ["s0", "s1", "s2", "s3"], [RAW_OF_CLASS[mask] for mask in classes])
    app = AppTest.from_function(_script, default_timeout=60, kwargs={"folder": str(tmp_path)}).run()
    assert not app.exception
    (component,) = app.get("bidi_component")
    told = json.loads(component.proto.json)
    image, mask = (OFFICE.opened(one["address"].split("/")[-1], local_person()) for one in told["images"])
    np.testing.assert_array_equal(image.levels[0], np.asarray(Image.open(tmp_path / "raw" / "s1.png")))
    np.testing.assert_array_equal(mask.levels[0], classes[1])
    (over,) = told["overlays"]
    np.testing.assert_array_equal(OFFICE.opened(over["address"].split("/")[-1], local_person()).levels[0], classes[1])
    assert [one["name"] for one in over["classes"]] == [
        "class 0 (label 0)",
        "class 1 (label 127)",
        "class 2 (label 255)",
    ]
    assert [one["colour"] for one in over["classes"]] == [f"#{bytes(one).hex()}" for one in coloured(np.arange(3))]
    assert told["images"][0]["classes"] is None

"""Pages for denoising and refocusing: widgets for the forward model, and the overlay of the response."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from streamlit.testing.v1 import AppTest

from pages.inference.viewer import overlay
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.images import smooth_images
from tests.support.pages import assert_sound, page


@pytest.fixture
def dataset(sem_home: Path) -> Path:
    raw = sem_home / "raw"
    raw.mkdir()
    for index, image in enumerate(smooth_images(5)):
        write_micrograph(raw / f"S{index}-a.tif", Micrograph(image[:, :, None], 2.5))
    write_dataset(plan_dataset(PrepareOptions(name="small", raw=(raw,))), sem_home / "datasets" / "small")
    return sem_home


def changed(app: AppTest) -> str:
    return next((caption.value for caption in app.caption if caption.value.startswith("Changed from")), "")


def test_blur_of_a_recipe_is_shown_and_changed(dataset: Path) -> None:
    app = page("train")
    name = "mrn-blind-small"
    app.selectbox(key="recipe").set_value(name).run()
    assert_sound(app)
    assert app.selectbox(key=f"blur-{name}").value == "gaussian"
    assert [app.number_input(key=f"blur-{end}-{name}").value for end in ("low", "high")] == [0.5, 4.0]
    assert changed(app) == "", "what nobody touched is not an override"
    app.radio(key=f"blur-where-{name}").set_value("partial")
    app.number_input(key=f"blur-high-{name}").set_value(3.0).run()
    assert_sound(app)
    for text in ("degradation.blur.region=partial", "degradation.blur.size_px=0.5,3.0"):
        assert f"`{text}`" in changed(app)
    app.selectbox(key=f"blur-{name}").set_value("none").run()
    assert "`degradation.blur=None`" in changed(app)


def test_scan_distortion_can_be_added_to_any_recipe(dataset: Path) -> None:
    app = page("train")
    name = "nafnet-denoise-small"
    app.selectbox(key="recipe").set_value(name).run()
    app.number_input(key=f"streaks-{name}").set_value(0.05).run()
    assert_sound(app)
    assert changed(app) == "Changed from the recipe: `degradation.scan.streaks=0.05`"


@pytest.mark.parametrize("name", ["srresnet-x4", "lattice-denoise", "mrn-discriminative", "n2v-denoise"])
def test_untouched_widgets_change_nothing(name: str) -> None:
    """Recipes with downsampling, a dose range and scan distortion, partial blur, and without a forward model."""

    def run(name: str) -> None:
        import streamlit as st

        from pages.train.forward import choose_distortion, choose_forward
        from sem_models.config.presets.table import find_recipe

        chosen = choose_forward(find_recipe(name)) | choose_distortion(find_recipe(name))
        st.session_state["out"] = [f"{key}={value}" for key, (value, before) in chosen.items() if value != before]

    app = AppTest.from_function(run, kwargs={"name": name}, default_timeout=60).run()
    assert not app.exception
    assert app.session_state["out"] == []


def test_response_overlays_the_micrograph() -> None:
    """The response is high in the blurred half and low in the sharp one; the caption gives its strength."""

    def run(before: object, after: object) -> None:
        from pages.inference.viewer import show_response
        from sem_models.images.display import DisplayWindow
        from sem_models.images.intensity import IntensityRange

        show_response(before, after, IntensityRange(0, 255), DisplayWindow(0, 255))

    sharp = 255 * np.clip(0.5 + 2 * gaussian_filter(np.random.default_rng(0).normal(size=(96, 128)), 1), 0, 1)
    before = sharp.copy()
    before[:, :64] = gaussian_filter(sharp, 2)[:, :64]
    app = AppTest.from_function(run, kwargs={"before": before, "after": sharp}, default_timeout=60).run()
    assert not app.exception
    assert "image" in [element.type for element in app.main]
    assert any("full orange" in caption.value for caption in app.caption)


def test_overlay_mixes_grey_with_orange() -> None:
    grey = np.array([[100, 200]], np.uint8)
    mixed = overlay(grey, np.array([[0.0, 2.0]], np.float32), 0.5)
    assert mixed[0, 0].tolist() == [100, 100, 100]
    assert mixed[0, 1].tolist() == [228, 160, 100]

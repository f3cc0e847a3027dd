"""Pages for denoising and refocusing: widgets for the forward model."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.images import smooth_images
from tests.support.pages import assert_sound, train_page


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
    name = "mrn-blind-small"
    app = train_page(name)
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
    name = "nafnet-denoise-small"
    app = train_page(name)
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

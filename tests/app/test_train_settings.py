"""Settings of a training: diffusion settings have fields of their own, all others are set by key."""

import pytest

from tests.support.drawing_models import _at_home, models  # noqa: F401
from tests.support.pages import assert_sound, train_page


@pytest.fixture
def app(models):
    app = train_page("ddpm-masks-small")
    assert_sound(app)
    return app


def changed(app) -> str:
    return " ".join(caption.value for caption in app.caption if caption.value.startswith("Changed"))


def test_diffusion_is_set_by_fields_that_start_at_the_recipe(app) -> None:
    assert changed(app) == ""
    assert app.selectbox(key="sampling-steps-ddpm-masks-small").value == 25
    app.selectbox(key="sampling-steps-ddpm-masks-small").set_value(20)
    app.selectbox(key="predicts-ddpm-masks-small").set_value("noise")
    app.selectbox(key="betas-ddpm-masks-small").set_value("linear")
    app.number_input(key="drop-ddpm-masks-small").set_value(0.2)
    app.number_input(key="guidance-ddpm-masks-small").set_value(2.0).run()
    assert_sound(app)
    keys = ("sampling.steps=20", "predicts=noise", "betas=linear", "drop_condition=0.2", "sampling.guidance=2.0")
    assert all(f"`diffusion.{key}`" in changed(app) for key in keys)


def test_other_settings_go_by_key_and_a_wrong_one_is_named(app) -> None:
    others = app.text_area(key="others-ddpm-masks-small")
    others.set_value("diffusion.timesteps=200\n\n").run()
    assert_sound(app)
    assert "`diffusion.timesteps=200`" in changed(app)
    app.text_area(key="others-ddpm-masks-small").set_value("diffusion.warmth=3").run()
    (error,) = app.error
    assert "diffusion.warmth" in error.value
    assert "--set" not in error.value


def test_guidance_is_not_asked_of_a_model_without_masks(app) -> None:
    app.selectbox(key="recipe").set_value("ddpm-small").run()
    assert_sound(app)
    keys = {field.key for field in app.number_input}
    assert "guidance-ddpm-small" not in keys
    assert "predicts-ddpm-small" in {field.key for field in app.selectbox}

"""The Inference page of a diffusion model: what it asks for, and the mean and doubt that it shows."""

from pathlib import Path

import numpy as np
import pytest

from pages.inference import drawn
from sem_models.images.micrograph import Micrograph
from sem_models.images.write import write_micrograph
from tests.app.test_pages import assert_sound, page
from tests.integration.test_synthesise import _at_home, models  # noqa: F401


@pytest.mark.parametrize("name", ["ddpm-small", "ddpm-masks-small"])
def test_what_is_asked_for_is_what_is_launched(name: str, models, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    launched: list[list[str]] = []
    monkeypatch.setattr(drawn, "launch", lambda key, arguments: launched.append(list(arguments)))
    app = page("inference")
    app.selectbox(key="model").set_value(models[name]).run()
    assert_sound(app)
    labels = [button.label for button in app.button]
    assert "Draw" in labels
    assert "Restore" not in labels
    app.number_input(key="draw-seed").set_value(5)
    app.select_slider(key="draw-steps").set_value(20)
    if name == "ddpm-small":
        app.number_input(key="draw-count").set_value(3).run()
        wanted = ["--count", "3", "--size", "128"]
    else:
        app.text_input(key="draw-folder").set_value(models["masks"])
        app.number_input(key="draw-samples").set_value(2).run()
        wanted = ["--masks", models["masks"], "--samples", "2"]
    next(button for button in app.button if button.label == "Draw").click().run()
    (arguments,) = launched
    assert arguments[:2] == ["synthesise", models[name]]
    assert [a for a in arguments[4:] if a != "--set"] == [
        "--seed", "5", *wanted, "diffusion.sampling.steps=20", "diffusion.sampling.guidance=1",
    ]  # fmt: skip


def test_deviations_are_shown_over_the_whole_scale_and_images_as_they_are(tmp_path: Path) -> None:
    grey = np.array([[[10], [30]], [[20], [30]]], np.float32)
    write_micrograph(tmp_path / "a.tif", Micrograph(grey, None))
    assert drawn._shown(str(tmp_path / "a.tif"), stretched=True).tolist() == [[0, 255], [127, 255]]
    assert drawn._shown(str(tmp_path / "a.tif"), stretched=False).tolist() == [[10, 30], [20, 30]]

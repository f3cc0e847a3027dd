"""The Inference page of a diffusion model: its request, and the mean and standard deviation that it shows."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.inference import drawn
from pages.inference.drawn_results import deviation_figure
from pipelines.people.person import local_person
from pipelines.predict.requests import SynthesiseRequest
from pipelines.tracking.run_facts import stored_recipe
from pipelines.viewing.tickets import DOWNLOADS
from tests.support.drawing_models import _at_home, models, run  # noqa: F401
from tests.support.pages import assert_sound, page


@pytest.mark.parametrize("name", ["ddpm-small", "ddpm-masks-small"])
def test_what_is_asked_for_is_what_is_launched(name: str, models, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[SynthesiseRequest] = []
    monkeypatch.setattr(drawn, "launch", lambda key, request: launched.append(request))
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
        wanted = {"count": 3, "size_px": 128}
    else:
        app.text_input(key="draw-folder").set_value(models["masks"])
        app.number_input(key="draw-samples").set_value(2).run()
        wanted = {"masks": Path(models["masks"]), "samples": 2}
    next(button for button in app.button if button.label == "Draw").click().run()
    (request,) = launched
    changes = ("diffusion.sampling.steps=20", "diffusion.sampling.guidance=1")
    assert request == SynthesiseRequest(model=models[name], out=request.out, seed=5, changes=changes, **wanted)


def test_standard_deviation_is_shown_from_zero_with_its_unit() -> None:
    """If the display ran from the least to the largest value, samples that hardly differ would look uncertain."""
    figure = deviation_figure(np.array([[5.0, 6.0], [7.0, 8.0]]))
    (heat,) = figure.data
    assert (heat.zmin, heat.zmax) == (0, None)
    assert heat.colorbar.title.text == "grey values"
    assert heat.z.tolist() == [[7, 8], [5, 6]], "the first row of an image is on top"


def _script(result: dict, labels: tuple[int, ...]) -> None:
    from pages.inference.drawn_results import _show_after_mask

    _show_after_mask(result, labels)


def test_all_samples_of_a_mask_are_shown_and_offered(models, tmp_path: Path) -> None:
    out, mask, model = tmp_path / "drawn", sorted(Path(models["masks"]).iterdir())[0], models["ddpm-masks-small"]
    (result,) = run("synthesise", model, "--masks", str(mask), "--out", str(out), "--samples", "2")["results"]
    labels = stored_recipe(model).labels
    app = AppTest.from_function(_script, default_timeout=60, kwargs={"result": result, "labels": labels}).run()
    assert not app.exception
    said = " ".join(caption.value for caption in app.caption)
    assert "of 255 grey values" in said
    assert "pixel size unknown" in said
    mean, link = app.get("link_button")
    assert mean.proto.label == "Download the mean (TIFF)"
    (path,) = [DOWNLOADS.opened(mean.proto.url.split("/")[-1], local_person()).path]
    assert path == Path(result["output"])
    assert link.proto.label == "Mean, standard deviation and all samples (ZIP)"
    packed = DOWNLOADS.opened(link.proto.url.split("/")[-1], local_person())
    assert sorted(packed.files) == sorted(path.name for path in out.iterdir())

"""The Inference page says before restoring whether an image is unlike what the model learned from."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pipelines.model_ref import RegistryRef, RunRef
from pipelines.predict.requests import PredictRequest
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.registry import find_version
from pipelines.tracking.runs import create_run, set_status
from pipelines.tracking.store import client
from sem_models.config.presets.table import find_recipe
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.input_check.stored import stored_reference
from sem_models.physics.simulators.phantoms.table import make_phantom
from sem_models.starters.shelf import starter_folder
from tests.support.pages import assert_sound, page

RNG = np.random.default_rng(0)


def save(path: Path, truth: np.ndarray) -> Path:
    noisy = RNG.poisson(truth * 50) / 50
    Image.fromarray((noisy.clip(0, 1) * 255).astype(np.uint8)).save(path)
    return path


def test_a_lattice_is_warned_of_and_a_specimen_is_not(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[PredictRequest] = []
    monkeypatch.setattr("pages.widgets.tasks.launch", lambda key, request: launched.append(request))
    y, x = np.mgrid[:160, :160]
    lattice = save(sem_home / "lattice.png", 0.5 + 0.4 * np.cos(0.8 * x) * np.cos(0.7 * y))
    powder = save(sem_home / "powder.png", make_phantom("particles", (160, 160), seed=9000).truth)
    app = page("inference")
    app.selectbox(key="model").set_value("starter:denoise")
    app.text_input(key="infer-folder").input(str(lattice)).run()
    assert_sound(app)
    (warning,) = (box.value for box in app.warning)
    assert warning.startswith("lattice.png: This image is unlike those that the model learned from (")
    assert "a regular pattern" in warning
    assert warning.endswith(": trust no detail of the result that you cannot find in the image itself.")
    assert warning.count(". ") == 0, "one sentence"
    assert not any(digit in warning.removeprefix("lattice.png") for digit in "0123456789"), "numbers are folded"
    (fold,) = (one for one in app.expander if one.label == "How unlike?")
    assert float(fold.caption[0].value.removeprefix("- lattice.png: ")) > 1
    app.text_input(key="infer-folder").input(str(powder)).run()
    assert not app.warning
    (alike,) = (caption for caption in app.caption if caption.value.startswith("Input check: the image resembles"))
    assert float(alike.help.split(". ")[0]) <= 1
    next(button for button in app.button if button.label == "Restore").click().run()
    (request,) = launched
    assert request.std == "auto", "the starter states its standard deviation by itself"


def test_the_check_follows_an_alias_to_another_version(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the second version knows what its inputs looked like."""
    known = {"1": None, "2": stored_reference(starter_folder("denoise"))}

    def reference_of(ref: RegistryRef) -> InputReference | None:
        return known[str(find_version(ref).version)]

    monkeypatch.setattr("pipelines.predict.input_check.reference_of", reference_of)
    powder = save(sem_home / "powder.png", make_phantom("particles", (160, 160), seed=9000).truth)
    run_id = create_run("sem", "r", "training", {}, {})
    client().create_registered_model("steel")
    for _ in known:
        client().create_model_version("steel", "nowhere", run_id)
    client().set_registered_model_alias("steel", "champion", "1")

    def checked(file: str) -> None:
        from pathlib import Path

        from pages.inference.input_check import show_input_check
        from pipelines.model_ref import RegistryRef

        show_input_check(RegistryRef("steel", alias="champion"), Path(file))

    app = AppTest.from_function(checked, args=(str(powder),), default_timeout=90).run()
    assert not app.exception
    assert not app.caption
    client().set_registered_model_alias("steel", "champion", "2")
    assert app.run().caption[0].value.startswith("Input check: the image resembles")


def test_runs_of_one_dataset_can_be_applied_together(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[PredictRequest] = []
    monkeypatch.setattr("pages.widgets.tasks.launch", lambda key, request: launched.append(request))
    first, second, other = (_run(seed, digest) for seed, digest in ((0, "d"), (1, "d"), (2, "e")))
    file = save(sem_home / "powder.png", make_phantom("particles", (64, 64), seed=1).truth)
    app = page("inference", model=first)
    app.text_input(key="infer-folder").input(str(file)).run()
    assert_sound(app)
    box = app.multiselect(key=f"ensemble-{first}")
    assert box.label == "Several runs together"
    assert len(box.options) == 1, "the other dataset has other intensity limits"
    assert any(one.label.startswith("Standard deviation") for one in app.checkbox)
    box.set_value([second]).run()
    assert_sound(app)
    assert not any(one.label.startswith("Standard deviation") for one in app.checkbox), "the spread is there anyway"
    next(button for button in app.button if button.label == "Restore").click().run()
    (request,) = launched
    assert (request.model, request.ensemble, request.std) == (RunRef(first), (RunRef(second),), "auto")
    assert other not in box.options


def _run(seed: int, digest: str) -> str:
    recipe = find_recipe("nafnet-denoise-small")
    tags = {Tag.TASK: "denoising", Tag.DATASET: "steel", Tag.DATASET_DIGEST: digest, Tag.RECIPE: recipe.name}
    run_id = create_run("sem", f"nafnet {digest}", "training", {"train.seed": seed}, tags)
    put_text(run_id, Artifact.RECIPE, recipe.model_dump_json())
    set_status(run_id, "FINISHED")
    return run_id

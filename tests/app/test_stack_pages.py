"""Data and Inference pages with inputs assembled from several files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.tracking.artifacts import put_text
from pipelines.tracking.runs import create_run, set_status
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from tests.support.pages import assert_sound, page


@pytest.fixture
def fields(sem_home: Path) -> Path:
    rng = np.random.default_rng(0)
    for index in range(3):
        for kind, shape in (("ppl", (40, 48, 3)), ("xpl", (40, 48, 3)), ("bse", (40, 48))):
            (sem_home / kind).mkdir(exist_ok=True)
            Image.fromarray(rng.integers(0, 255, shape, np.uint8)).save(sem_home / kind / f"f{index}_{kind}.png")
    return sem_home


def test_data_page_shows_what_an_input_is_assembled_from(fields: Path) -> None:
    app = page("data")
    app.text_input(key="name").input("stacks")
    app.selectbox(key="kind").set_value("paired").run()
    app.text_input(key="raw-folder").input(str(fields / "ppl"))
    app.text_input(key="other-folder").input(str(fields / "bse"))
    app.text_area(key="further").input(f"{fields / 'xpl'}\n").run()
    app.button[0].click().run()
    assert_sound(app)
    plan = next(frame.value for frame in app.dataframe if "assembled from" in frame.value).set_index("image")
    assert plan.loc["f1_ppl.png", "channels"] == 6
    assert plan.loc["f1_ppl.png", "assembled from"] == "f1_ppl.png + f1_xpl.png"
    assert plan.loc["f1_bse.png", "channels"] == 1
    assert any("6 channels, assembled from 2 files" in caption.value for caption in app.caption)
    assert len(app.get("image")) == 1, "the pair laid over one another"
    assert app.session_state["plan"].options.extra_inputs == (fields / "xpl",)


def test_inference_page_asks_until_the_channels_suffice(fields: Path) -> None:
    recipe = Recipe(name="six", summary="", task="translation", network=UNetConfig(channels_in=6, depth=1, width=4))
    run_id = create_run("sem", "six", "training", {}, {"sem.recipe": "six"})
    put_text(run_id, "recipe.json", recipe.model_dump_json())
    set_status(run_id, "FINISHED")
    app = page("inference")
    app.selectbox(key="model").set_value(run_id).run()
    app.text_input(key="infer-folder").input(str(fields / "ppl")).run()
    assert_sound(app)
    assert any("takes 6 channels; 3 are missing" in caption.value for caption in app.caption)
    translate = next(button for button in app.button if button.label == "Translate")
    assert translate.disabled
    app.text_input(key="further-1-folder").input(str(fields / "xpl")).run()
    assert_sound(app)
    assert not next(button for button in app.button if button.label == "Translate").disabled
    app.selectbox(key="model").set_value("baseline:identity").run()
    assert not [field for field in app.text_input if field.key == "further-1-folder"]


def test_a_mask_is_one_file_whatever_its_classes(fields: Path) -> None:
    recipe = find_recipe("cgan-masks-small")
    run_id = create_run("sem", recipe.name, "training", {}, {"sem.recipe": recipe.name})
    put_text(run_id, "recipe.json", recipe.model_dump_json())
    set_status(run_id, "FINISHED")
    app = page("inference")
    app.selectbox(key="model").set_value(run_id).run()
    app.text_input(key="infer-folder").input(str(fields / "bse")).run()
    assert_sound(app)
    assert not next(button for button in app.button if button.label == "Draw").disabled
    assert not [field for field in app.text_input if field.key == "further-1-folder"]

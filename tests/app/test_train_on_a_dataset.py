"""The link from a new dataset to the Train page chooses it, with a recipe that learns from its kind."""

from pathlib import Path

from PIL import Image

from sem_models.config.presets.table import RECIPES
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.tasks.table import find_task
from tests.support.images import smooth_images
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings
from tests.support.pages import assert_sound, page


def test_the_dataset_of_the_address_is_chosen(sem_home: Path) -> None:
    raw = sem_home / "raw-single"
    raw.mkdir(parents=True)
    for index, image in enumerate(smooth_images(3, 64)):
        Image.fromarray(image).save(raw / f"S{index}.png")
    for name in ("a", "b"):
        plan = plan_dataset(PrepareOptions(name=name, raw=(raw,), join_same_field=False))
        write_dataset(plan, sem_home / "datasets" / name)
    options = masked_files(sem_home, ["s0", "s1", "s2"], [RAW_OF_CLASS[rings(seed)] for seed in range(3)])
    write_dataset(plan_dataset(options), sem_home / "datasets" / "m")
    for name, kind in (("b", "single"), ("m", "masked")):
        app = page("train", dataset=name)
        assert_sound(app)
        assert app.selectbox(key="dataset").value == name
        recipe = RECIPES[app.selectbox(key="recipe").value]
        assert kind in find_task(recipe).usual_kinds(recipe)
    assert page("train").selectbox(key="dataset").value == "a"
    gone = page("train", dataset="none")
    assert_sound(gone)
    assert gone.selectbox(key="dataset").value is None, "nothing takes its place"
    assert "no dataset none" in gone.warning[0].value
    assert not any(button.label == "Launch" for button in gone.button)
    assert gone.selectbox(key="dataset").set_value("b").run().selectbox(key="recipe").value

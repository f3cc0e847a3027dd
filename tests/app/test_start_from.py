"""The Train page offers the starter models that a recipe can go on from, in one control."""

from pathlib import Path

from sem_models.datasets.dataset import Dataset
from sem_models.networks.table import parameter_count
from sem_models.starters.shelf import starter_recipe
from tests.support.pages import assert_sound, train_page


def test_a_recipe_for_noisy_images_goes_on_from_a_denoiser(sem_home: Path, small_dataset: Dataset, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("pipelines.train.run.train", lambda request, by: asked.append(request) or "0" * 32)
    app = train_page("n2v-denoise-small")
    start = app.selectbox(key="init")
    assert start.options == ["Nothing (fresh weights)", "Starter model denoise", "Starter model denoise-stem"]
    app = start.set_value("starter:denoise-stem").run()
    assert_sound(app)
    network = starter_recipe("denoise-stem").network
    assert any(f"{parameter_count(network):,} parameters" in caption.value for caption in app.caption)
    next(button for button in app.button if button.label == "Launch").click().run()
    assert [(str(request.init), request.recipe) for request in asked] == [("starter:denoise-stem", "n2v-denoise-small")]


def test_what_a_recipe_cannot_go_on_from_is_not_offered(sem_home: Path, small_dataset: Dataset) -> None:
    assert train_page("srresnet-x4-small").selectbox(key="init").options[1:] == ["Starter model sr-x4"]
    assert train_page("blind-denoise-small").selectbox(key="init").options[1:] == []

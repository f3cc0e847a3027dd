"""All pages in Streamlit's test harness: on an empty home, and on one with a dataset and a scored run."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipelines.evaluate.compare import compare
from pipelines.evaluate.gallery import make_gallery
from pipelines.evaluate.gallery_files import gallery_pictures
from pipelines.evaluate.requests import CompareRequest, EvaluateRequest, GalleryRequest
from pipelines.evaluate.score import evaluate
from pipelines.publish.figure_of import comparison_figure
from pipelines.release.register import register
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import create_run, set_status
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.starters.shelf import read_card
from tests.support.command_line import here
from tests.support.empty_store import add_empty_store
from tests.support.images import smooth_images
from tests.support.pages import assert_sound, open_tab, page, train_page, unfolded_comparison

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("home", "data", "train", "runs", "inference", "compare", "models", "study")


@pytest.mark.parametrize("name", PAGES)
def test_empty_home_says_what_to_do_next(name: str, sem_home: Path) -> None:
    app = page(name)
    assert_sound(app)
    if name in ("train", "runs", "compare", "study"):
        assert app.info, "an empty page must name the next step"
    if name == "inference":
        assert app.selectbox(key="model").value == "starter:denoise", "without training the starter model is the choice"
        assert read_card("denoise").limits in [caption.value for caption in app.caption]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A home with raw images, a dataset and one trained and scored run."""
    home = add_empty_store(tmp_path_factory.mktemp("home"))
    raw = home / "raw"
    raw.mkdir()
    for index, image in enumerate(smooth_images(5)):
        write_micrograph(raw / f"S{index}-a.tif", Micrograph(image[:, :, None], 2.5))
    before = os.environ.get("SEM_HOME")
    os.environ["SEM_HOME"] = str(home)
    write_dataset(plan_dataset(PrepareOptions(name="small", raw=(raw,))), home / "datasets" / "small")
    changes = [
        "train.log_every=1",
        "train.steps=8",
        "train.batch=2",
        "train.patch=32",
        "train.validate_every=4",
        "network.blocks=1",
    ]
    run_id = create_training(override(find_recipe("srresnet-x4-small"), changes), "small")
    run_training(run_id)
    evaluate(EvaluateRequest(model=run_id, dataset="small"))
    yield home, run_id
    os.environ.pop("SEM_HOME") if before is None else os.environ.update(SEM_HOME=before)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_on_a_used_home(name: str, store: tuple[Path, str]) -> None:
    assert_sound(page(name))


def test_run_detail_has_curves_samples_and_scores(store: tuple[Path, str]) -> None:
    app = page("runs", run=store[1])
    assert_sound(app)
    assert len(app.get("plotly_chart")) == 2
    assert any("**Finished**" in text.value for text in app.markdown)
    assert len(app.get("image")) == 4
    open_tab(app, store[1], "Scores")
    tables = [table.value for table in app.dataframe]
    assert any(
        "method" in table
        and list(table["method"])[1:] == ["baseline:bicubic", "baseline:identity", "baseline:bicubic+projection"]
        for table in tables
    )


def test_an_interpolated_model_shows_no_curves_and_links_to_its_training(store: tuple[Path, str]) -> None:
    """Nothing was trained for it, so there will never be curves or samples."""
    tags = {Tag.INTERPOLATED_FROM: store[1], "sem.recipe": "r", "sem.dataset": "small"}
    mixture = create_run("sem", "mixed", "training", {"interpolation.alpha": 0.25, "method": "adversarial"}, tags)
    set_status(mixture, "FINISHED")
    app = page("runs", run=mixture)
    assert_sound(app)
    assert "75% pixel losses, 25% adversarial" in app.info[0].value
    assert [tab.label for tab in app.tabs] == ["Scores", "Settings"]
    assert not app.slider
    next(button for button in app.button if button.label == "Open that training").click().run()
    assert app.query_params["run"] in (store[1], [store[1]])
    assert len(app.get("plotly_chart")) == 2


def test_unknown_run_is_one_readable_box(store: tuple[Path, str]) -> None:
    app = page("runs", run="0123456789")
    assert not app.exception
    assert "no run" in app.error[0].value


def test_compare_shows_the_run_above_its_baselines(store: tuple[Path, str]) -> None:
    app = unfolded_comparison()
    app.segmented_control(key="scores").set_value("All").run()
    table = app.dataframe[0].value
    assert list(table["method"])[1:] == ["baseline:bicubic", "baseline:identity", "baseline:bicubic+projection"]
    assert store[1][:8] in table["method"][0]
    assert {"PSNR (dB) ↑", "MSE ↓", "Edge retention → 1", "FRC 1/7 resolution (nm) ↓"} <= set(table)
    assert {"Edge retention, distance from 1", "Down-consistency (dB)"} <= set(app.dataframe[1].value["metric"])


def test_pictures_are_what_was_scored_and_make_a_figure(store: tuple[Path, str]) -> None:
    """Errors computed from the files of the gallery are those that the evaluation recorded."""
    comparison = compare(CompareRequest(run_ids=(store[1],)))
    report = comparison.columns[0].report
    image = report.rows[0].image
    assert not any(picture.is_there for picture in gallery_pictures(comparison, image))
    make_gallery(GalleryRequest(run_ids=(store[1],), image=image))
    pictures = {one.method: read_micrograph(one.path) for one in gallery_pictures(comparison, image)}
    target = pictures["target"].pixels[4:-4, 4:-4, 0]
    assert pictures["input"].pixel_size_nm == pytest.approx(4 * pictures["target"].pixel_size_nm)
    for method in report.methods:
        shown = store[1] if method == report.model else method
        output = np.clip(pictures[shown].pixels[4:-4, 4:-4, 0], 0, 255)
        recorded = next(row for row in report.rows if (row.method, row.image) == (method, image))
        assert float(((output - target) ** 2).mean()) / 255**2 == pytest.approx(recorded.scores["mse"], rel=1e-4)
        assert recorded.s_per_mp > 0
    assert report.parameters > 1000
    app = page("compare", runs=store[1], image=image)
    assert_sound(app)
    assert not any(button.key == "gallery-start" for button in app.button), "everything is there"
    files = comparison_figure(comparison, image, width_mm=85)
    assert set(files) == {"figure.svg", "figure.pdf", "figure.png"}
    assert b"PSNR" in files["figure.svg"]
    folder = str(store[0] / "report")
    listed = here("gallery", store[1], "--image", image)
    assert set(listed["pictures"]) == {"input", "target", store[1], *report.methods[1:]}
    here("compare", store[1], "--report", folder, "--figure", image, "--width-mm", "85", "--crop", "0,0,32")
    assert 'src="data:image/png' in Path(folder, "report.html").read_text()
    assert Path(folder, "figure.pdf").read_bytes().startswith(b"%PDF")
    lost = create_run("sem", "lost", "training", {}, {Tag.evaluated("test"): "small"})
    put_text(lost, "evaluation/small-test.json", report.model_dump_json().replace(report.model, lost))
    with pytest.raises(UserError, match="lost"):
        make_gallery(GalleryRequest(run_ids=(lost, store[1]), image=image))
    found = gallery_pictures(compare(CompareRequest(run_ids=(lost, store[1]))), image)
    assert [one.label for one in found if not one.is_there] == ["lost"], "one bad run hides no other"


def test_data_page_shows_the_plan_before_writing(store: tuple[Path, str]) -> None:
    app = page("data")
    app.text_input(key="name").input("second")
    app.text_input(key="raw-folder").input(str(store[0] / "raw"))
    app.run()
    app.button[0].click().run()
    assert_sound(app)
    plan = app.dataframe[0].value
    assert list(plan["split"]).count("train") == 3
    assert set(plan["pixel size (nm)"]) == {2.5}
    assert not (store[0] / "datasets" / "second").exists()


def test_data_page_reports_a_missing_folder(store: tuple[Path, str]) -> None:
    app = page("data")
    app.text_input(key="name").input("third")
    app.text_input(key="raw-folder").input("/no/such/folder")
    app.run()
    app.button[0].click().run()
    assert not app.exception
    assert "/no/such/folder" in app.error[0].value


def test_a_version_is_found_by_its_number_and_by_each_of_its_aliases(store: tuple[Path, str]) -> None:
    """Cards of models lead to Inference by number, where the list has the alias."""
    version = register(RegisterRequest(run=store[1], name="steel", alias="champion"))
    for asked in (f"models:/steel/{version}", "models:/steel@champion"):
        app = page("inference", model=asked)
        assert_sound(app)
        assert app.selectbox(key="model").value == "models:/steel@champion"
    for asked in ("models:/none@champion", "models:/steel/7", "0123456789"):
        app = page("inference", model=asked)
        assert_sound(app)
        assert app.selectbox(key="model").value is None, "no other model takes its place"
        assert "There is no model" in app.warning[0].value


def test_train_page_lists_the_recipes_of_a_task(store: tuple[Path, str]) -> None:
    app = page("train")
    app.selectbox(key="task").set_value("denoising").run()
    assert_sound(app)
    offered = set(app.selectbox(key="recipe").options)
    assert "n2v-denoise-small" not in offered, "the images are clean unless somebody says otherwise"
    app.toggle(key="unfit").set_value(True).run()
    assert_sound(app)
    every = [option.removesuffix(" (does not fit)") for option in app.selectbox(key="recipe").options]
    assert sorted(every) == sorted(name for name, recipe in RECIPES.items() if recipe.task == "denoising")
    assert set(every[: len(offered)]) == offered, "those that fit come first"
    assert every[0].endswith("-small")


def test_train_page_says_which_recipes_learn_from_noisy_images_alone(store: tuple[Path, str]) -> None:
    app = page("train")
    app.selectbox(key="task").set_value("denoising")
    noisy = next(option for option in app.radio(key="material-single").options if "none of them clean" in option)
    app.radio(key="material-single").set_value(noisy).run()
    assert_sound(app)
    offered = app.selectbox(key="recipe").options
    assert "n2v-denoise-small" in offered
    assert "nafnet-denoise-small" not in offered
    (table,) = app.table
    said = table.value["why not"].to_dict()
    reasons = {name: reason for names, reason in said.items() for name in names.split(", ")}
    assert len(said) < len(reasons), "a reason stands once, with all recipes that it holds for"
    assert "would be noisy" in reasons["nafnet-denoise-small"]
    assert "two noisy frames" in reasons["n2n-denoise-small"]
    assert set(reasons).isdisjoint(offered)


def test_a_table_names_what_made_its_inputs(store: tuple[Path, str]) -> None:
    app = open_tab(page("runs", run=store[1]), store[1], "Scores")
    said = "down-sampling by a factor of 4 with anti-aliased bicubic interpolation"
    assert any(said in caption.value for caption in app.caption)


def test_train_page_names_what_was_changed(store: tuple[Path, str]) -> None:
    app = train_page("srresnet-x4-small")
    app.number_input(key="steps-srresnet-x4-small").set_value(123).run()
    assert_sound(app)
    assert any("train.steps=123" in caption.value for caption in app.caption)

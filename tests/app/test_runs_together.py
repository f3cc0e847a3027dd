"""Runs in one table and in one chart, and what can be done with several of them."""

import gc
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pipelines.people.person import local_person
from pipelines.tracking.annotations import archive, set_labels
from pipelines.tracking.artifacts import Samples, put_files
from pipelines.tracking.keys import Tag
from pipelines.tracking.metrics import log_metrics
from pipelines.tracking.overlay import common_samples, find_runs, latest_step, telling_names
from pipelines.tracking.runs import RunInfo, create_run, get_run, list_runs, set_status
from pipelines.viewing.tickets import OFFICE
from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.display import coloured
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.images import smooth_images
from tests.support.pages import assert_sound, open_tab, page

IMPORTED = {Tag.IMPORTED_FROM: "a.pth", Tag.ARCHITECTURE: "ESRGAN", Tag.PARITY: "1e-6"}


@pytest.fixture
def runs(sem_home: Path, tmp_path: Path) -> list[str]:
    ids = []
    for seed in range(2):
        tags = {"sem.task": "denoising", "sem.dataset": "steel"}
        run_id = create_run("sem", "nafnet on steel", "training", {"train.seed": seed}, tags)
        for step in (10, 20):
            use = {"speed/steps_per_s": 2.0, "speed/memory_mib": 900.0 + step}
            log_metrics(run_id, {"train/l1": 1 / step, "val/psnr_db": 20.0 + seed, **use}, step)
            _picture(run_id, tmp_path, f"samples/{step:07d}/a", "output", step)
        _picture(run_id, tmp_path, "samples/fixed/a", "input", 1)
        _picture(run_id, tmp_path, "samples/fixed/a", "target", 2)
        set_status(run_id, "FINISHED")
        ids.append(run_id)
    return ids


def _picture(run_id: str, folder: Path, path: str, name: str, grey: int, edge: int = 300) -> None:
    file = folder / f"{name}.png"
    Image.fromarray(np.full((edge, edge), grey, np.uint8)).save(file)
    put_files(run_id, path, [file])


def picture_captions(app: AppTest) -> list[str]:
    return [image.caption for kind in ("imgs", "image") for one in app.get(kind) for image in one.proto.imgs]


def test_several_runs_share_charts_and_samples(runs: list[str]) -> None:
    app = page("runs", runs=",".join(run[:8] for run in [*runs, "ffffffff"]))
    assert_sound(app)
    assert [box.value for box in app.warning] == ["There is no run ffffffff in this store."]
    assert len(app.get("plotly_chart")) == 2, "a loss and the validation score"
    assert picture_captions(app) == ["Input", "Target", "nafnet, seed 0, step 20", "nafnet, seed 1, step 20"]
    assert not any("within a row" in caption.value for caption in app.caption), "all are of one size"
    app.select_slider(key="overlay-step").set_value(10).run()
    assert_sound(app)


def test_samples_of_other_sizes_stand_in_rows_of_their_own(runs: list[str], tmp_path: Path) -> None:
    enlarging = create_run("sem", "srresnet x2 on steel", "training", {}, {"sem.dataset": "steel"})
    for path, name in (("0000010/a", "output"), ("fixed/a", "input")):
        _picture(enlarging, tmp_path, f"samples/{path}", name, 3, edge=150)
    set_status(enlarging, "FINISHED")
    app = page("runs", runs=",".join([runs[0], enlarging]))
    assert_sound(app)
    sizes = [text.value for text in app.markdown if text.value.endswith("px**")]
    assert sizes == ["**300 x 300 px**", "**150 x 150 px**"]
    assert any("within a row" in caption.value for caption in app.caption)
    assert picture_captions(app) == ["Input", "Target", "nafnet, step 20", "Input", "srresnet x2, step 10"]


def test_names_tell_runs_apart_and_addresses_find_them(runs: list[str]) -> None:
    known = list_runs(kind="training")
    names = telling_names(known)
    assert sorted(names.values()) == ["nafnet, seed 0", "nafnet, seed 1"]
    other = get_run(create_run("sem", "nafnet on iron", "training", {}, {"sem.dataset": "iron"}))
    assert telling_names([*known, other])[other.run_id] == "nafnet on iron"
    same = get_run(create_run("sem", "nafnet on steel", "training", {"train.seed": 0}, {"sem.dataset": "steel"}))
    assert telling_names([*known, same])[same.run_id] == f"nafnet ({same.run_id[:8]})"
    found, unknown = find_runs(f"{runs[1][:8]},zz,{runs[0]}", known)
    assert ([run.run_id for run in found], unknown) == ([runs[1], runs[0]], ["zz"])


def test_samples_of_a_run_are_those_of_its_last_step_before() -> None:
    first, second = Samples(("a", "b"), (10, 30), frozenset()), Samples(("b",), (20,), frozenset())
    assert common_samples({"x": first, "y": second}) == (["b"], [10, 20, 30])
    assert [latest_step(first, step) for step in (5, 10, 29, 99)] == [None, 10, 10, 30]


def test_the_list_can_be_searched_and_leaves_archived_runs_out(runs: list[str]) -> None:
    archive([runs[0]])
    set_labels(runs[1], ["for the paper"])
    app = page("runs")
    assert_sound(app)
    assert list(app.dataframe[0].value["labels"]) == ["for the paper"]
    assert app.dataframe[0].value["started (UTC)"].dt.tz is None, "the heading says UTC, so that no cell repeats it"
    app.text_input(key="runs-search").set_value("no such run").run()
    assert_sound(app)
    assert any("0 runs" in text.value for text in app.caption)
    app.text_input(key="runs-search").set_value("")
    app.toggle(key="runs-archived").set_value(True).run()
    assert list(app.dataframe[0].value["run"]) == [runs[0][:8]]


def test_the_page_of_a_run_shows_what_it_used(runs: list[str]) -> None:
    app = page("runs", run=runs[0])
    assert_sound(app)
    before = len(app.get("plotly_chart"))
    app.session_state[f"speed-fold-{runs[0]}"] = True
    app.run()
    assert_sound(app)
    drawn = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")][before:]
    assert [chart["layout"]["yaxis"]["title"]["text"][:5] for chart in drawn] == ["steps", "memor"]
    assert list(drawn[1]["data"][0]["y"]) == [910.0, 920.0]
    assert any("Not recorded: waiting for data" in caption.value for caption in app.caption), "what is missing is said"


def test_the_tab_is_named_after_the_run_and_its_recipe_can_be_branched(
    runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []
    monkeypatch.setattr("streamlit.set_page_config", lambda **named: titles.append(named["page_title"]))
    app = page("runs", run=runs[0])
    assert_sound(app)
    assert titles[-1] == "nafnet on steel · SEM Workbench"
    (link,) = [link.proto for link in app.get("page_link") if link.proto.label == "Branch"]
    assert (link.page, link.query_string) == ("train", f"branch={runs[0]}")
    imported = create_run("sem", "foreign", "training", {}, IMPORTED)
    app = page("runs", run=imported)
    assert_sound(app)
    assert not [link for link in app.get("page_link") if link.proto.label == "Branch"], "it has no recipe to train"


def test_a_session_keeps_no_list_of_runs(runs: list[str]) -> None:
    """Streamlit keeps what a widget refers to for as long as the session lives."""
    app = page("runs")
    assert app.multiselect(key="runs-named").options == [f"nafnet on steel ({run[:8]})" for run in reversed(runs)]
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one) is RunInfo and one.run_id in runs]


def test_a_note_can_be_written_on_the_page(runs: list[str]) -> None:
    app = page("runs", run=runs[0])
    assert_sound(app)
    app.text_input(key=f"name-{runs[0]}").set_value("steel, final")
    app.text_area(key=f"note-{runs[0]}").set_value("Looks right.")
    next(button for button in app.button if button.label == "Save").click().run()
    assert_sound(app)
    (run,) = [run for run in list_runs(kind="training") if run.run_id == runs[0]]
    assert (run.name, run.tags["mlflow.note.content"]) == ("steel, final", "Looks right.")


def test_a_cancelled_run_can_be_scored_once_it_has_weights(runs: list[str], tmp_path: Path) -> None:
    set_status(runs[0], "KILLED")
    app = open_tab(page("runs", run=runs[0]), runs[0], "Scores")
    assert not any(button.label == "Score on the test split" for button in app.button)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"")
    put_files(runs[0], "checkpoints/best", [weights])
    app.run()
    assert_sound(app)
    assert any(button.label == "Score on the test split" for button in app.button)


def test_samples_follow_the_training_unless_somebody_moved_the_slider(runs: list[str], tmp_path: Path) -> None:
    app = page("runs", run=runs[0])
    slider = f"step-{runs[0]}"
    assert app.select_slider(key=slider).value == 20
    _picture(runs[0], tmp_path, "samples/0000030/a", "output", 3)
    app.run()
    assert app.select_slider(key=slider).value == 30
    app.select_slider(key=slider).set_value(10).run()
    _picture(runs[0], tmp_path, "samples/0000040/a", "output", 4)
    app.run()
    assert_sound(app)
    assert app.select_slider(key=slider).value == 10


def test_samples_of_a_run_are_whole_in_the_viewer_at_the_step_that_is_chosen(runs: list[str]) -> None:
    app = page("runs", run=runs[0])
    assert picture_captions(app) == ["Input", "Model, step 20", "Target"]
    app.segmented_control(key=f"view-{runs[0]}").set_value("Viewer").run()
    assert_sound(app)
    for step, grey in ((20, 20), (10, 10)):
        app.select_slider(key=f"step-{runs[0]}").set_value(step).run()
        (told,) = [json.loads(one.proto.json) for one in app.get("bidi_component") if "images" in one.proto.json]
        assert [image["label"] for image in told["images"]] == ["Input", f"Model, step {step}", "Target"]
        assert told["shown"] == [0, 1]
        assert told["differences"] == [{"label": "Error of the model", "of": 1, "minus": 2}]
        tokens = [image["address"].split("/")[-1] for image in told["images"]]
        assert [OFFICE.opened(token, local_person()).summary.mean for token in tokens] == [1, grey, 2]


def test_samples_have_the_pixel_size_of_their_dataset(runs: list[str], sem_home: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, image in zip(("a", "b", "c"), smooth_images(3, 64), strict=True):
        write_micrograph(raw / f"{name}.tif", Micrograph(image[..., None], 20.0))
    write_dataset(plan_dataset(PrepareOptions(name="steel", raw=(raw,))), sem_home / "datasets" / "steel")
    sample = open_dataset(sem_home / "datasets" / "steel").manifest.entries[0].name
    for name in ("input", "target"):
        _picture(runs[0], tmp_path, f"samples/fixed/{sample}", name, 1)
    _picture(runs[0], tmp_path, f"samples/0000020/{sample}", "output", 1)
    app = page("runs", run=runs[0])
    app.selectbox(key=f"sample-{runs[0]}").set_value(sample)
    app.segmented_control(key=f"view-{runs[0]}").set_value("Viewer").run()
    assert_sound(app)
    (told,) = [json.loads(one.proto.json) for one in app.get("bidi_component") if "images" in one.proto.json]
    tokens = [image["address"].split("/")[-1] for image in told["images"]]
    assert [OFFICE.opened(token, local_person()).facts.pixel_size_nm for token in tokens] == [20.0] * 3


@pytest.mark.parametrize(("labels", "mapped"), [([0, 127, 255], True), ([], False)])
def test_classes_of_a_sample_lie_over_its_input(
    labels: list[int], mapped: bool, sem_home: Path, tmp_path: Path
) -> None:
    """A run of a version that stored no labels shows the pictures of its classes below the viewer."""
    tags = {Tag.TASK: "segmentation", "sem.dataset": "axons"}
    run_id = create_run("sem", "unet on axons", "training", {"labels": str(labels)}, tags)
    log_metrics(run_id, {"train/ce": 1.0, "val/dice": 0.5}, 10)
    _picture(run_id, tmp_path, "samples/fixed/a", "input", 1)
    classes = np.arange(300 * 300).reshape(300, 300) % 3
    for path, name, shown in (("0000010/a", "output", classes), ("fixed/a", "target", classes.T)):
        file = tmp_path / f"{name}.png"
        Image.fromarray(coloured(shown)).save(file)
        put_files(run_id, f"samples/{path}", [file])
    set_status(run_id, "FINISHED")
    app = page("runs", run=run_id)
    app.segmented_control(key=f"view-{run_id}").set_value("Viewer").run()
    assert_sound(app)
    (told,) = [json.loads(one.proto.json) for one in app.get("bidi_component") if "images" in one.proto.json]
    assert told["shown"] == [0]
    names = ["Model, step 10", "Target"]
    assert [one["label"] for one in told["overlays"]] == (names if mapped else [])
    assert [one["label"] for one in told["images"]] == ["Input", *(names if mapped else [])]
    assert picture_captions(app) == ([] if mapped else names)
    if mapped:
        assert [one["name"] for one in told["overlays"][0]["classes"]][1] == "class 1 (label 127)"
        for one, expected in zip(told["overlays"], (classes, classes.T), strict=True):
            opened = OFFICE.opened(one["address"].split("/")[-1], local_person())
            assert np.array_equal(opened.levels[0], expected)

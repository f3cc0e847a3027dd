"""Pages with the wording and scores of each task: translation, segmentation, synthesis."""

from pathlib import Path

import numpy as np
import pytest

from pages.inference.classes import legend
from pages.runs.samples import panels_of
from pages.runs.table import runs_table
from pages.train.settings import unused
from pipelines.evaluate.candidates import candidates
from pipelines.tracking.metrics import log_metrics
from pipelines.tracking.runs import create_run, list_runs, set_tags
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.tasks.fitting import channel_changes
from sem_models.tasks.table import TASKS
from tests.support.images import smooth_images
from tests.support.masked_sets import grey_classes
from tests.support.pages import assert_sound, page, train_page, unfolded_comparison
from tests.support.scored_runs import GOOD, POOR, store


def _run(task: str, **metrics: float) -> str:
    run_id = create_run("sem", f"a {task}", "training", {"method": "supervised"}, {"sem.task": task})
    log_metrics(run_id, {key.replace("__", "/"): value for key, value in metrics.items()})
    return run_id


def test_runs_show_the_scores_that_they_have(sem_home: Path) -> None:
    _run("segmentation", val__dice=0.8)
    _run("denoising", val__psnr_db=30.0, test__std_ratio=0.9)
    app = page("runs")
    assert_sound(app)
    table = app.dataframe[0].value
    assert {"val Dice", "val PSNR (dB)"} <= set(table)
    assert not {"test Dice", "reason", "test std, output / target"} & set(table), "no run has them, or they say nothing"
    app.segmented_control(key="runs-task").set_value("segmentation").run()
    table = app.dataframe[0].value
    assert list(table["name"]) == ["a segmentation"]
    assert "val PSNR (dB)" not in table
    _run("translation", test__std_ratio=0.4)
    assert runs_table(list_runs(kind="training"))["test std, output / target"].tolist()[0] == 0.4


def test_every_task_has_its_labels() -> None:
    verbs = {name: task.words.verb for name, task in TASKS.items()}
    restoring = dict.fromkeys(("super-resolution", "denoising", "refocusing"), "Restore")
    assert (
        verbs.items()
        >= {**restoring, "translation": "Translate", "segmentation": "Segment", "synthesis": "Draw"}.items()
    )


def test_legend_counts_the_pixels_of_each_class() -> None:
    table = legend(np.array([[0, 0, 0], [2, 2, 0]], np.uint8), (0, 127, 255))
    assert table["label in the masks"].tolist() == [0, 127, 255]
    assert np.allclose(table["share (%)"], [400 / 6, 0, 200 / 6])


@pytest.mark.parametrize("kind", ["masked", "paired"])
def test_train_page_asks_only_for_what_acts(kind: str, sem_home: Path) -> None:
    """Masks and pairs are not degraded, and a recipe that needs masks is not launched on pairs."""
    if kind == "masked":
        grey_classes(sem_home / "datasets")
        name, other = "cgan-masks-small", "srresnet-x4-small"
    else:
        for folder in ("raw", "target"):
            (sem_home / folder).mkdir()
            for index, image in enumerate(smooth_images(5, 160)):
                write_micrograph(sem_home / folder / f"S{index}-a.tif", Micrograph(image[:, :, None], None))
        options = PrepareOptions(name="pairs", raw=(sem_home / "raw",), kind="paired", target=sem_home / "target")
        write_dataset(plan_dataset(options), sem_home / "datasets" / "pairs")
        name, other = "pix2pix-small", "unet-segment-small"
    app = train_page(name)
    assert_sound(app)
    assert not [box for box in app.number_input if "noise" in box.label], "the training would not look at it"
    assert any(caption.value.startswith("No forward model") for caption in app.caption)
    app.selectbox(key="recipe").set_value(other).run()
    assert not app.exception
    if kind == "paired":
        assert any("learns from masks" in box.value for box in app.warning)
        assert next(button for button in app.button if button.label == "Launch").disabled


def test_which_forward_models_act() -> None:
    assert unused(find_recipe("unet-segment-small"), "masked") == "", "a segmentation may learn from degraded images"
    assert unused(find_recipe("srresnet-x4-small"), "paired")
    assert unused(find_recipe("ddpm-small"), "single")
    assert unused(find_recipe("contrast-agnostic-translate-small"), "paired") == "", "inputs are made from the targets"


def test_channels_follow_the_pairs(sem_home: Path) -> None:
    """Colour inputs for a preset with grey inputs; equal channels would be stored as one."""
    raw, target = sem_home / "raw", sem_home / "target"
    for folder in (raw, target):
        folder.mkdir()
        for index, image in enumerate(smooth_images(5, 96)):
            channels = [image, image // 2, image // 3] if folder == raw else [image]
            write_micrograph(folder / f"S{index}.tif", Micrograph(np.stack(channels, axis=2), None))
    dataset = write_dataset(
        plan_dataset(PrepareOptions(name="p", raw=(raw,), kind="paired", target=target)), sem_home / "p"
    )
    recipe = find_recipe("pix2pix-small")
    assert channel_changes(recipe, dataset.manifest) == ["network.channels_in=3"]
    assert channel_changes(override(recipe, ["network.channels_in=3"]), dataset.manifest) == []


def test_unscaled_inputs_are_not_called_enlarged(sem_home: Path) -> None:
    _run("translation")
    (run,) = list_runs(kind="training")
    assert panels_of(run, frozenset({"input", "floor", "output", "target"})) == {
        "input": "Input", "output": "Model", "target": "Target",
    }  # fmt: skip


def test_compare_uses_the_available_baseline_and_one_task(sem_home: Path) -> None:
    """Tasks that keep the size have no bicubic baseline; segmentation and synthesis on one dataset are not compared."""
    for name in ("one", "two"):
        store(name, GOOD if name == "one" else POOR, 0.1)
    app = unfolded_comparison()
    assert_sound(app)
    assert any("Difference from the bicubic baseline" in text.value for text in app.markdown)
    first, second = list_runs(kind="training")
    assert [len(group.runs) for group in candidates(list_runs(kind="training"))] == [2]
    set_tags(first.run_id, {"sem.task": "segmentation"})
    assert [[run.run_id for run in group.runs] for group in candidates(list_runs(kind="training"))] == [
        [first.run_id],
        [second.run_id],
    ]

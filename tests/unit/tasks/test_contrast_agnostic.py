"""Translation that learns from images of the target contrast alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.kinds import Kind
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.datasets.targets_alone import targets_alone
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.storage import load_weights
from sem_models.tasks.compatibility import adapt, check_compatible, refuse_ignored
from sem_models.tasks.fitting import channel_changes
from sem_models.tasks.table import find_task
from sem_models.training.checkpoint import LAST
from sem_models.training.trainer import train
from tests.support.domains import write_all
from tests.support.images import smooth_images
from tests.support.recorder import Recorder, assert_equal
from tests.support.small_recipes import short

RECIPE = short("contrast-agnostic-translate-small", "train.patch=32", "train.precision=32-true")
WITHOUT = "unet-translate-small"


def prepared(folder: Path, kind: Kind, sources: list[np.ndarray]) -> Dataset:
    """Five targets, the same each time, with these sources."""
    raw = write_all(folder / "a", "a", sources)
    target = write_all(folder / "b", "a" if kind == "paired" else "b", smooth_images(5, 64))
    of_all = {"name": "d", "databar_rows": 0, "group_by": r"^\w(\d)", "join_same_field": False}
    if kind == "single":
        return write_dataset(plan_dataset(PrepareOptions(raw=(target,), **of_all)), folder / "d")
    options = PrepareOptions(raw=(raw,), kind=kind, target=target, **of_all)
    return write_dataset(plan_dataset(options), folder / "d")


def trained(recipe: Recipe, dataset: Dataset, folder: Path) -> tuple[dict[str, torch.Tensor], Recorder]:
    recorder = Recorder()
    train(adapt(recipe, dataset.manifest), dataset, folder, recorder)
    return load_weights(folder / LAST), recorder


@pytest.mark.parametrize("kind", ["paired", "unpaired"])
def test_source_images_are_never_read(kind: Kind, tmp_path: Path) -> None:
    """They are gone, and training and validation give bit for bit what the targets alone give."""
    dataset = prepared(tmp_path / "both", kind, [255 - image for image in smooth_images(5, 64)])
    dataset = open_dataset(dataset.folder)
    gone = [entry.array("input").file for entry in dataset.manifest.entries if entry.has("input")]
    assert len(gone) == 5
    for file in gone:
        (dataset.folder / file).unlink()
    weights, recorder = trained(RECIPE, dataset, tmp_path / "run")
    other = prepared(tmp_path / "other", kind, [image[::-1] for image in smooth_images(5, 64)])
    same, again = trained(RECIPE, other, tmp_path / "other-run")
    assert assert_equal(weights, same) > 5
    scored = {key: value for key, value in recorder.values.items() if key[1].startswith("val/")}
    assert scored
    assert scored == {key: again.values[key] for key in scored}


@pytest.mark.parametrize("name", ["contrast-agnostic-translate", "contrast-agnostic-translate-small"])
def test_presets_load_and_can_be_changed(name: str) -> None:
    """Every setting passes validation again, and settings of the curve can be set one by one."""
    recipe = find_recipe(name)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    changed = override(recipe, ["degradation.grey_curve.gain=2", "degradation.grey_curve.shading_px=2,16"])
    before, after = recipe.degradation.grey_curve, changed.degradation.grey_curve
    assert before is not None
    assert after == before.model_copy(update={"gain": 2.0, "shading_px": (2.0, 16.0)})


@pytest.mark.parametrize(("name", "is_newest"), [("contrast-agnostic-translate-small", True), (WITHOUT, False)])
def test_the_newest_weights_are_the_best(name: str, is_newest: bool, tmp_path: Path) -> None:
    """At a learning rate so high that scores also fall, which decides only where the contrast is given."""
    dataset = prepared(tmp_path / "both", "paired", [255 - image for image in smooth_images(5, 64)])
    rate = ["train.validate_every=1", "train.steps=5", "train.ema_decay=0", "optimiser.lr=3", "schedule.warmup_steps=0"]
    recipe = short(name, "train.patch=32", "train.precision=32-true", *rate)
    _, recorder = trained(recipe, dataset, tmp_path / "run")
    scores = [recorder.values[step, "val/psnr_db"] for step in range(1, 6)]
    rising = sum(score > max(scores[:step], default=-np.inf) for step, score in enumerate(scores))
    assert rising < 5
    saved = [step for step, _, kind in recorder.checkpoints if kind == "best"]
    assert len(saved) == (5 if is_newest else rising)


def test_a_recipe_without_curves_does_read_them(tmp_path: Path) -> None:
    """Otherwise the test above could not fail."""
    dataset = prepared(tmp_path / "both", "paired", [255 - image for image in smooth_images(5, 64)])
    (dataset.folder / dataset.entries("train")[0].array("input").file).unlink()
    with pytest.raises(FileNotFoundError):
        trained(short(WITHOUT, "train.patch=32"), dataset, tmp_path / "run")


@pytest.mark.parametrize("kind", ["single", "paired", "unpaired"])
def test_any_dataset_with_targets_will_do(kind: Kind, tmp_path: Path) -> None:
    manifest = prepared(tmp_path, kind, [255 - image for image in smooth_images(5, 64)]).manifest
    check_compatible(adapt(RECIPE, manifest), manifest)
    changed = override(RECIPE, ["degradation.grey_curve.knots=7"])
    refuse_ignored(changed, manifest)
    task = find_task(RECIPE)
    assert kind in task.usual_kinds(RECIPE)
    assert not task.ignores_degradation(RECIPE, kind)
    targets = {entry.array(manifest.layout.sharp_role).sha256 for entry in manifest.entries
               if entry.has(manifest.layout.sharp_role)}  # fmt: skip
    seen = targets_alone(manifest)
    assert {entry.array("image").sha256 for entry in seen.entries} == targets
    assert {stored.role for entry in seen.entries for stored in entry.arrays} == {"image"}
    splits = {entry.array(manifest.layout.sharp_role).file: entry.split for entry in manifest.entries
              if entry.has(manifest.layout.sharp_role)}  # fmt: skip
    assert {entry.array("image").file: entry.split for entry in seen.entries} == splits


def test_without_curves_single_images_are_refused(tmp_path: Path) -> None:
    manifest = prepared(tmp_path, "single", smooth_images(5, 64)).manifest
    with pytest.raises(UserError, match=r"prepare pairs .*target contrast alone"):
        check_compatible(short(WITHOUT, "train.patch=32"), manifest)


def test_a_set_without_targets_to_learn_from_is_refused(tmp_path: Path) -> None:
    manifest = prepared(tmp_path, "unpaired", smooth_images(5, 64)).manifest
    first = tuple(entry for entry in manifest.entries if entry.has("input") or entry.split != "val")
    with pytest.raises(UserError, match="no image in its val split"):
        check_compatible(RECIPE, manifest.model_copy(update={"entries": first}))


def test_restorations_keep_their_contrast(small_dataset: Dataset) -> None:
    recipe = override(find_recipe("nafnet-denoise-small"), ["degradation.grey_curve.knots=5"])
    with pytest.raises(UserError, match=r"denoising must keep; use degradation\.grey_curve=none"):
        check_compatible(recipe, small_dataset.manifest)


def test_colour_sources_do_not_change_the_network(tmp_path: Path) -> None:
    """The network takes what is made from the targets, whatever the channels of the sources are."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for index, image in enumerate(smooth_images(5, 64)):
            channels = [image, image // 2, image // 3] if folder == "a" else [image]
            write_micrograph(tmp_path / folder / f"a{index}.tif", Micrograph(np.stack(channels, axis=2), None))
    options = PrepareOptions(name="d", raw=(tmp_path / "a",), kind="paired", target=tmp_path / "b", databar_rows=0)
    manifest = write_dataset(plan_dataset(options), tmp_path / "d").manifest
    assert channel_changes(RECIPE, manifest) == []
    check_compatible(RECIPE, manifest)
    assert channel_changes(find_recipe(WITHOUT), manifest) == ["network.channels_in=3"]

"""`discriminate` on runs and baselines: what is tested, stored and refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.evaluate.discriminate import discriminate
from pipelines.evaluate.discriminate_table import texture_rows
from pipelines.evaluate.reports import stored_discriminations
from pipelines.evaluate.requests import DiscriminateRequest
from pipelines.tracking.runs import get_run
from sem_models.config.degradation import Degradation
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import Identity
from sem_models.evaluation.discriminator.auc import Auc
from sem_models.evaluation.discriminator.network import ClassifierSettings
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.report import DiscriminatorReport, caveats
from sem_models.evaluation.discriminator.test import DiscriminatorResult, allocated_cells, discriminator_test
from sem_models.tasks.models import generated_pairs
from tests.support.domains import unpaired
from tests.support.images import smooth_images
from tests.support.trained_runs import train_run

SHORT = ClassifierSettings(patch_px=32, batch=8, steps=3, folds=2)


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("SEM_OFFLINE", "1")


@pytest.fixture
def paired(small_dataset: Dataset) -> Dataset:
    """A paired dataset in which each input is a noisy version of its target."""
    entries = []
    for entry in small_dataset.manifest.entries:
        (whole,) = entry.arrays
        noise = np.random.default_rng(len(entries)).integers(-20, 20, whole.shape)
        file = f"noisy{len(entries)}.npy"
        pixels = np.clip(small_dataset.array(entry, "image") + noise, 0, 255)
        np.save(small_dataset.folder / file, pixels.astype(np.uint8))
        roles = whole.model_copy(update={"role": "target"}), whole.model_copy(update={"role": "input", "file": file})
        entries.append(entry.model_copy(update={"arrays": roles}))
    manifest = small_dataset.manifest.model_copy(update={"kind": "paired", "entries": tuple(entries)})
    (small_dataset.folder / "manifest.json").write_text(manifest.model_dump_json())
    return Dataset(small_dataset.folder, manifest)


def test_runs_keep_their_reports(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, no_weights: None) -> None:
    run_id = train_run(tiny_recipe, "small", "e")
    arguments = ["--dataset", "small", "--training-images", "--steps", "3", "--patch", "32", "--json"]
    done = CliRunner().invoke(app, ["discriminate", run_id, *arguments])
    assert done.exit_code == 0, done.output
    assert "AUC, images → 0.5" in done.stderr
    (told,) = json.loads(done.stdout.strip().splitlines()[-1])["reports"]
    (kept,) = stored_discriminations(run_id)
    assert kept.model_dump(mode="json") == told
    counts = {split: len(small_dataset.entries(split)) for split in ("train", "val", "test")}
    assert (kept.images, kept.training_images) == (counts["val"] + counts["test"], counts["train"])
    metrics = get_run(run_id).metrics
    named = "disc/small-val-test-trained"
    assert metrics[f"{named}/auc"] == kept.auc.value
    assert metrics[f"{named}/auc_lo"] == kept.auc.lo
    assert metrics[f"{named}/auc_real_against_real"] == kept.sanity.value
    assert not any("kernel" in key for key in metrics), "no weights, no distance"
    assert any("learned from" in note for note in kept.notes)
    assert any("128 px" in note for note in kept.notes)


def test_all_models_get_the_same_classifiers_and_real_images(sem_home: Path, paired: Dataset) -> None:
    """The result of a model depends only on its own pairs, whichever model is tested before it."""
    where = {"dataset": "small", "splits": ("train", "val", "test")}
    asked = DiscriminateRequest(models=["baseline:gaussian", "baseline:tv"], **where)
    both = discriminate(asked, settings=SHORT)
    (alone,) = discriminate(DiscriminateRequest(models=["baseline:tv"], **where), settings=SHORT)
    assert both[1] == alone
    assert both[0].sanity == alone.sanity
    assert both[0].setting == alone.setting
    assert both[0].auc != alone.auc


def test_pairs_are_the_models_outputs_and_training_images_are_marked(small_dataset: Dataset) -> None:
    pairs = generated_pairs(Identity(1), small_dataset, ("test",), True, Degradation(scale=1, read_noise=0.05))
    tested = {pair.image for pair in pairs if pair.tested}
    assert tested == {entry.name for entry in small_dataset.entries("test")}
    assert {p.image for p in pairs} - tested == {entry.name for entry in small_dataset.entries("train")}
    (first, *_) = pairs
    assert np.std(first.generated - first.real) == pytest.approx(0.05, rel=0.1), "the identity keeps the noise"
    result = discriminator_test(pairs, SHORT)
    assert result.images.resampled == "images", "one tested group"
    cells = allocated_cells(pairs, 48, 0)
    assert {pair.image for pair in cells if pair.tested} == tested


def test_caveats_are_reported() -> None:
    def auc(value: float, lo: float, hi: float) -> DiscriminatorResult:
        one = Auc(value=value, lo=lo, hi=hi, per_seed=(value,) * 3, resampled="groups")
        return DiscriminatorResult(one, one)

    blank = np.zeros((2, 2), np.float32)
    many = [Pair(blank, blank, f"i{k}", f"g{k}") for k in range(8)]
    sound = auc(0.5, 0.4, 0.6)
    assert caveats(many, auc(0.9, 0.8, 1.0), sound) == ()
    assert "7 groups and is too narrow" in caveats(many[:7], sound, sound)[0]
    assert "0.70 [0.60, 0.80] instead of 0.5" in caveats(many, sound, auc(0.7, 0.6, 0.8))[0]
    leaning = DiscriminatorResult(sound.images, auc(0.38, 0.29, 0.47).patches)
    assert "0.38 [0.29, 0.47] instead of 0.5" in caveats(many, sound, leaning)[0], "seen on patches alone"
    assert "copy real images" in caveats(many, auc(0.2, 0.1, 0.3), sound)[0]


def test_two_datasets_do_not_replace_each_others_values(
    sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, no_weights: None
) -> None:
    """Names that MLflow would not accept as metrics cause no error."""
    run_id = train_run(override(tiny_recipe, ["train.steps=1"]), "small", "e")
    other = small_dataset.folder.with_name("other (2)")
    shutil.copytree(small_dataset.folder, other)
    (other / "manifest.json").write_text(
        small_dataset.manifest.model_copy(update={"name": other.name}).model_dump_json()
    )
    for name in ("small", "other (2)"):
        discriminate(DiscriminateRequest(models=[run_id], dataset=name), settings=SHORT)
    kept = {report.dataset: report for report in stored_discriminations(run_id)}
    metrics = get_run(run_id).metrics
    assert metrics["disc/small-val-test/auc"] == kept["small"].auc.value
    assert metrics["disc/other__2_-val-test/auc"] == kept["other (2)"].auc.value


def test_unpaired_domains_are_tested_and_shown(sem_home: Path, no_weights: None) -> None:
    """Noise against smooth images is detected, and the texture shows why; reports without textures still load."""
    images = smooth_images(10)
    rng = np.random.default_rng(0)
    unpaired(sem_home, [image // 2 + rng.integers(0, 40, image.shape) for image in images[:5]], list(images[5:]))
    arguments = ["baseline:identity", "--dataset", "u", "--training-images", "--steps", "20", "--patch", "32", "--json"]
    done = CliRunner().invoke(app, ["discriminate", *arguments])
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout.strip().splitlines()[-1])["reports"]
    report = DiscriminatorReport.model_validate(told)
    assert report.auc.value > 0.9
    assert (report.images, report.training_images) == (2, 3)
    assert any("different fields" in note for note in report.notes)
    assert report.texture is not None
    assert report.texture.generated["std"].value < 0.7 * report.texture.real["std"].value
    for words in ("gradient energy", "spectrum slope", "histogram", "halves of their groups"):
        assert words in done.stderr
    del told["texture"]
    old = DiscriminatorReport.model_validate(told)
    assert old.setting == report.setting
    assert texture_rows([("old", old)]) == []
    assert [row["images"] for row in texture_rows([("old", old), ("new", report)])] == ["real", "new"]


def test_what_cannot_be_tested_is_refused(sem_home: Path, paired: Dataset) -> None:
    with pytest.raises(UserError, match="There is no dataset 'none'"):
        discriminate(DiscriminateRequest(models=["baseline:tv"], dataset="none"))
    with pytest.raises(UserError, match="needs at least two, but has 1; use more splits"):
        discriminate(DiscriminateRequest(models=["baseline:tv"], dataset="small", splits=["test"]), settings=SHORT)
    with pytest.raises(UserError, match="splits all: input should be 'train', 'val' or 'test'"):
        DiscriminateRequest(models=["baseline:tv"], dataset="small", splits=["all"])

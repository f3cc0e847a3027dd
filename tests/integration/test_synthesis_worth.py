"""`consistency`, `downstream` and `bridge` with networks that quickly learn the grey level of each class."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.evaluate.downstream import downstream
from pipelines.evaluate.mask_consistency import score_mask_consistency
from pipelines.evaluate.requests import DownstreamRequest, MaskConsistencyRequest, RoundTripRequest
from pipelines.evaluate.round_trip import round_trip
from pipelines.predict.mask_translation import translate_by_mask
from pipelines.predict.requests import MaskTranslationRequest
from pipelines.tracking.artifacts import get_text, list_files
from pipelines.tracking.runs import get_run
from sem_models.config.degradation import Degradation
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from tests.support.empty_store import add_empty_store
from tests.support.masked_sets import masked_files, rings
from tests.support.trained_runs import train_run

CHANGES = ("train.steps=60", "train.validate_every=60")
LIGHT, DARK = np.array([50, 120, 200]), np.array([220, 130, 60])


def recipe(task: str, steps: int = 80) -> Recipe:
    segmented = task == "segmentation"
    return Recipe.model_validate(
        {
            "name": task, "summary": "s", "task": task, "method": "segmentation" if segmented else "supervised",
            "network": UNetConfig(variant="batch-norm", width=8, depth=2), "degradation": Degradation(scale=1),
            "losses": (LossTerm(name="cross_entropy" if segmented else "l1"),),
            "optimiser": Optimiser(lr=5e-3), "schedule": Schedule(name="constant"),
            "train": TrainSettings(steps=steps, batch=4, patch=32, validate_every=steps, ema_decay=0.5),
        }
    )  # fmt: skip


def prepare(home: Path, name: str, greys: np.ndarray, pixel_nm: float, raw: np.ndarray, seed: int = 0) -> None:
    folder = home / f"raw-{name}"
    folder.mkdir()
    classes = [rings(seed + k) for k in range(5)]
    options = masked_files(folder, list("abcde"), [raw[mask] for mask in classes])
    rng = np.random.default_rng(seed)
    for letter, mask in zip("abcde", classes, strict=True):
        grey = np.clip(greys[mask] + rng.normal(0, 6, mask.shape), 0, 255)
        Image.fromarray(grey.round().astype(np.uint8)).save(folder / "raw" / f"{letter}.png")
    write_dataset(
        plan_dataset(options.model_copy(update={"name": name, "pixel_size_nm": pixel_nm})), home / "datasets" / name
    )


@dataclass(frozen=True)
class Store:
    home: Path
    finds: str
    draws: str
    draws_dark: str


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two contrasts: `light` at 10 nm, `dark` at 5 nm with other label values."""
    home = add_empty_store(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEM_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        prepare(home, "light", LIGHT, 10.0, np.array([0, 127, 255], np.uint8))
        prepare(home, "dark", DARK, 5.0, np.array([0, 1, 2], np.uint8), seed=50)
        runs = [train_run(recipe(task), name, "e") for task, name in
                (("segmentation", "light"), ("synthesis", "light"), ("synthesis", "dark"))]  # fmt: skip
        yield Store(home, *runs)


def test_masks_are_found_in_generated_images_and_the_table_is_stored(store: Store) -> None:
    arguments = ["consistency", store.draws, "--segmenter", store.finds, "--dataset", "light", "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.strip().splitlines()[-1])
    dice = {method: rows["dice"]["mean"] for method, rows in told["dice"].items()}
    drawn, real, flat, always = dice.values()
    assert drawn > 0.8
    assert real > 0.8
    assert flat > 0.8
    assert always < 0.4
    # One image in the test split: a mean, and no interval that could be had from it.
    assert told["dice"]["generated"]["dice"]["lo"] is None
    name = f"light-test-{store.finds[:8]}"
    rows = json.loads(get_text(store.draws, f"consistency/{name}.json"))["rows"]
    assert {row["method"] for row in rows} == set(dice)
    assert get_text(store.draws, f"consistency/{name}.csv").startswith("method,image,group,dice,dice_0,dice_1,dice_2\n")
    metrics = get_run(store.draws).metrics
    assert metrics["consistency/test/generated_dice"] == pytest.approx(drawn)
    assert metrics["consistency/test/real_dice"] == pytest.approx(real)


def test_consistency_refuses_what_would_not_be_honest(store: Store) -> None:
    asked = {"synthesiser": store.draws, "segmenter": store.finds, "dataset": "light"}
    with pytest.raises(UserError, match=r"was trained on .* of the train split"):
        score_mask_consistency(MaskConsistencyRequest(**asked, split="train"))
    with pytest.raises(UserError, match="knows the labels 0, 1, 2, but dataset 'light' has 0, 127, 255"):
        score_mask_consistency(MaskConsistencyRequest(**{**asked, "synthesiser": store.draws_dark}))
    with pytest.raises(UserError, match="not a segmentation model"):
        score_mask_consistency(MaskConsistencyRequest(**{**asked, "segmenter": store.draws}))


def test_real_synthetic_and_both_are_tested_on_the_same_images(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.evaluate.downstream.find_recipe", recipe)
    monkeypatch.setattr("sem_models.config.presets.table.find_recipe", recipe)
    asked = DownstreamRequest(synthesiser=store.draws, dataset="light", recipe="segmentation", seeds=2, changes=CHANGES)
    worth, run_id = downstream(asked)
    assert run_id == store.draws
    assert list(worth.runs) == ["real", "synthetic", "both"]
    trained = [get_run(run).tags["sem.dataset"] for runs in worth.runs.values() for run in runs]
    short = store.draws[:8]
    assert trained == ["light"] * 2 + [f"light-synthetic-{short}"] * 2 + [f"light-both-{short}"] * 2
    assert {get_run(run).params["train.seed"] for run in worth.runs["both"]} == {"0", "1"}
    assert all(
        "evaluation/light-test.json" in list_files(run, "evaluation") for runs in worth.runs.values() for run in runs
    )
    assert all(worth.dice[key]["dice"].mean > 0.7 for key in worth.runs)
    assert worth.dice["most frequent class (baseline)"]["dice"].mean < 0.4
    difference = worth.dice["both"]["dice"].mean - worth.dice["real"]["dice"].mean
    assert worth.against_real["both"]["dice"].mean == pytest.approx(difference)
    kept = json.loads(get_text(run_id, "downstream/light.json"))
    assert kept["dice"]["real"]["dice"]["mean"] == pytest.approx(worth.dice["real"]["dice"].mean)
    with pytest.raises(UserError, match="was trained on synthetic images"):
        score_mask_consistency(
            MaskConsistencyRequest(synthesiser=store.draws, segmenter=worth.runs["both"][0], dataset="light")
        )


def test_mask_translation_uses_the_pixel_size_of_each_contrast(store: Store, tmp_path: Path) -> None:
    """An image of 20 nm/px is resampled to 10 for the segmentation model, and its mask to 5 for the other contrast."""
    mask = rings(77)
    place = tmp_path / "new.tif"
    tifffile.imwrite(place, LIGHT[mask].astype(np.uint8)[::2, ::2])
    table = {0: 0, 127: 1, 255: 2}
    asked = {"inputs": [place], "segmenter": store.finds, "synthesiser": store.draws_dark}
    (result,) = translate_by_mask(
        MaskTranslationRequest(**asked, out=tmp_path / "out", mapping=table, pixel_size_nm=20.0)
    )
    assert result.error is None
    assert result.notes == ("image resampled from 20 to 10 nm/px", "mask resampled from 10 to 5 nm/px")
    steps = [(step.origin, step.run) for step in read_micrograph(Path(str(result.output))).history]
    assert steps == [("segmented", store.finds), ("synthetic", store.draws_dark)]
    drawn, found = tifffile.imread(str(result.output)), tifffile.imread(str(result.mask))
    assert drawn.shape == found.shape == (128, 128)
    expected = mask.repeat(2, 0).repeat(2, 1)
    assert (found == expected).mean() > 0.9
    assert np.abs(drawn - DARK[found].astype(float)).mean() < 25
    with pytest.raises(UserError, match="say which is which, for each label, for example mapping=0=0"):
        translate_by_mask(MaskTranslationRequest(**asked, out=tmp_path / "no"))
    with pytest.raises(UserError, match="pixel size unknown"):
        translate_by_mask(MaskTranslationRequest(**asked, out=tmp_path / "no", mapping=table))
    done = CliRunner().invoke(
        app, ["bridge", str(place), "--segmenter", store.finds, "--synthesiser", store.draws_dark, "--out",
              str(tmp_path / "cli"), "--map", "0=0", "--map", "127=1", "--map", "255=two"],
    )  # fmt: skip
    assert done.exit_code == 2
    assert "--map 255=two: write it as A=B" in done.output


def test_a_round_trip_of_nothing_loses_nothing(store: Store) -> None:
    asked = {"there": "baseline:identity", "back": "baseline:identity", "dataset": "light"}
    result, run_id = round_trip(RoundTripRequest(**asked))
    assert run_id is None
    assert result.scores["psnr_db"].mean == 100
    assert result.scores["mae_between"].mean == 0
    with pytest.raises(UserError, match="needs models of one channel"):
        round_trip(RoundTripRequest(**{**asked, "there": store.draws}))
    assert os.environ["SEM_HOME"] == str(store.home)

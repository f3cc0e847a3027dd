"""`judge` on runs and baselines: what is reported, stored and refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.evaluate.no_reference import score_without_reference
from pipelines.evaluate.requests import NoReferenceRequest
from pipelines.tracking.artifacts import get_text
from pipelines.tracking.runs import get_run
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from tests.support.images import smooth_images
from tests.support.small_recipes import short
from tests.support.trained_runs import train_run


@pytest.fixture
def frames(sem_home: Path) -> tuple[Path, Path]:
    """Two 16-bit frames of one field with noise of 1500 grey levels."""
    clean = 20_000 + 80 * smooth_images(1, 128)[0].astype(float)
    paths = sem_home / "first.tif", sem_home / "second.tif"
    for seed, path in enumerate(paths):
        noisy = clean + 1500 * np.random.default_rng(100 + seed).standard_normal(clean.shape)
        tifffile.imwrite(path, noisy.round().astype(np.uint16))
    return paths


def of_both(frames: tuple[Path, Path]) -> NoReferenceRequest:
    return NoReferenceRequest(model="baseline:identity", file=frames[0], second=frames[1])


def test_the_identity_removes_nothing(frames: tuple[Path, Path]) -> None:
    alone = score_without_reference(NoReferenceRequest(model="baseline:identity", file=frames[0]))
    assert alone.scores == {"noise_std": 0}
    assert alone.notes == ("The output equals the input: nothing was removed, so the residual says nothing.",)
    both = score_without_reference(of_both(frames))
    lo, hi = np.percentile(tifffile.imread(frames[0]), [0.1, 99.9])
    assert both.scores["two_frame_psnr_db"] == pytest.approx(20 * np.log10((hi - lo) / 1500), abs=0.2)
    assert both.scores["frc_second_output"] == both.scores["frc_second_input"]
    assert (both.run_id, len(both.notes)) == (None, 1)


def test_a_run_stores_its_scores(frames: tuple[Path, Path], small_dataset: Dataset) -> None:
    run_id = train_run(short("n2v-denoise-small", "train.patch=32"), "small", "e")
    done = CliRunner().invoke(app, ["judge", run_id, *map(str, frames), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert "PSNR of the output, estimated" in done.stderr
    assert told["scores"]["noise_std"] > 0
    assert json.loads(get_text(run_id, "judge/first.json")) == told
    metrics = get_run(run_id).metrics
    assert {key: metrics[f"judge/{key}"] for key in told["scores"]} == pytest.approx(told["scores"])
    assert "val/blind_mse" in metrics
    assert "val/psnr_db" not in metrics


def test_a_shifted_frame_is_noted(frames: tuple[Path, Path]) -> None:
    tifffile.imwrite(frames[1], np.roll(tifffile.imread(frames[1]), 4, axis=1))
    assert "+4.0 px right" in score_without_reference(of_both(frames)).notes[1]


def test_what_judge_cannot_score_is_refused(
    frames: tuple[Path, Path], small_dataset: Dataset, tiny_recipe: Recipe
) -> None:
    tifffile.imwrite(frames[1], np.zeros((100, 128), np.uint16))
    with pytest.raises(UserError, match=r"second\.tif has 128 x 100 px of uint16, the first frame 128 x 128 px"):
        score_without_reference(of_both(frames))
    with pytest.raises(UserError, match="there is no such file"):
        score_without_reference(NoReferenceRequest(model="baseline:identity", file=frames[0].with_name("none.tif")))
    run_id = train_run(tiny_recipe, "small", "e")
    with pytest.raises(UserError, match="enlarges, so its output cannot be compared"):
        score_without_reference(NoReferenceRequest(model=run_id, file=frames[0]))

"""Fixed noise, accepted datasets, and validation without a clean image."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sem_models.config.degradation import Blur, Degradation
from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.config.overrides import override
from sem_models.config.validation_scores import BLIND_ERROR, DICE, NOISE_ERROR, PSNR, TWO_FRAME_PSNR
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.datasets.sampling.fixed_noise import fixed_noise, repeated_frames
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import Identity
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.methods.recipe_check import check_recipe
from sem_models.tasks.batches import BatchSource
from sem_models.tasks.compatibility import check_compatible
from sem_models.tasks.models import evaluate_model
from sem_models.training.state import Counters
from sem_models.training.trainer import train
from sem_models.validation.without_reference import two_frames
from tests.support.images import smooth_images
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

CPU = torch.device("cpu")
NOISE = ("train.patch=32", "degradation.dose_e_per_px=none", "degradation.read_noise=0.1")
BLIND, FRAMES = (short(name, *NOISE) for name in ("n2v-denoise-small", "n2n-denoise-small"))
REAL = override(BLIND, ["degradation.read_noise=0"])


@pytest.fixture
def frame_pairs(tmp_path: Path) -> Dataset:
    """Two noisy 16-bit frames of each of six fields; the noise is 10 % of the range."""
    rng = np.random.default_rng(5)
    for index, image in enumerate(smooth_images(6)):
        for frame in ("first", "second"):
            noisy = image / 255 + 0.1 * rng.standard_normal(image.shape)
            (tmp_path / frame).mkdir(exist_ok=True)
            pixels = np.clip(20_000 + 10_000 * noisy, 0, 65535).astype(np.uint16)
            write_micrograph(tmp_path / frame / f"S{index}.tif", Micrograph(pixels[:, :, None], 2.5))
    options = PrepareOptions(name="frames", raw=(tmp_path / "first",), kind="paired", target=tmp_path / "second")
    return write_dataset(plan_dataset(options), tmp_path / "datasets" / "frames")


def test_two_frames_have_independent_noise_of_the_strength_asked_for(small_dataset: Dataset) -> None:
    source = fixed_noise(Degradation(scale=1, read_noise=0.1))
    entries = small_dataset.entries("train")
    clean = np.concatenate([small_dataset.unit(entry, "image").ravel() for entry in entries])
    noise = {
        role: np.concatenate([source(small_dataset, entry, role).values.ravel() for entry in entries]) - clean
        for role in ("input", "target")
    }
    n = clean.size
    assert noise["input"].std() == pytest.approx(0.1, rel=0.02)
    assert abs(np.corrcoef(noise["input"], noise["target"])[0, 1]) < 4 / np.sqrt(n)
    again = source(small_dataset, entries[0], "input").values
    assert np.array_equal(again, source(small_dataset, entries[0], "input").values)
    first, second = (
        source(small_dataset, entry, "input").values[:, :, 0] - small_dataset.unit(entry, "image")[0]
        for entry in entries[:2]
    )
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 4 / np.sqrt(first.size), "images differ in noise"


@pytest.mark.parametrize("recipe", [BLIND, FRAMES], ids=["blind-spot", "noise2noise"])
def test_the_noise_of_a_place_is_the_same_in_every_step(recipe, small_dataset: Dataset) -> None:
    """All patches are cut from the frame with fixed noise, whereas supervised training draws new noise each time."""
    recipe = override(recipe, ["train.batch=4"])
    frames = {
        role: [fixed_noise(recipe.degradation)(small_dataset, entry, role).values[:, :, 0]
               for entry in small_dataset.entries("train")]
        for role in ("input", "target")
    }  # fmt: skip
    source = BatchSource(recipe, small_dataset, CPU)
    for _ in range(5):
        batch = source.next()
        roles = ("input",) if recipe.method == "blind-spot" else ("input", "target")
        assert all(is_cut_from(patch[0].numpy(), frames[role]) for role in roles for patch in batch[role])
    if recipe.method == "blind-spot":
        assert torch.equal(batch["input"], batch["target"]), "no clean pixel comes near"


def is_cut_from(patch: np.ndarray, frames: list[np.ndarray]) -> bool:
    turned = [np.rot90(form, k) for form in (patch, patch.T) for k in range(4)]
    for frame in frames:
        windows = np.lib.stride_tricks.sliding_window_view(frame, (32, 32))
        for form in turned:
            close = np.argwhere(np.abs(windows[:, :, 0, 0] - form[0, 0]) < 1e-6)
            if any(np.allclose(windows[r, c], form, atol=1e-6) for r, c in close):
                return True
    return False


def test_real_noisy_images_are_taken_as_they_are(small_dataset: Dataset) -> None:
    entry = small_dataset.entries("train")[0]
    pixels = fixed_noise(REAL.degradation)(small_dataset, entry, "input")
    assert pixels.dtype == "uint8"
    assert np.array_equal(pixels.values, small_dataset.array(entry, "image"))
    assert is_cut_from(
        BatchSource(REAL, small_dataset, CPU).next()["input"][0, 0].numpy(),
        [small_dataset.unit(e, "image")[0] for e in small_dataset.entries("train")],
    )


def test_scan_lines_stay_horizontal_under_a_mask_along_them(tmp_path: Path) -> None:
    """With stripes along the rows: rotated by 90 degrees they would run along the columns."""
    (tmp_path / "raw").mkdir()
    for index in range(3):
        rows = np.random.default_rng(index).integers(0, 255, (64, 1)).astype(np.uint8)
        image = np.broadcast_to(rows, (64, 64))[:, :, None].copy()
        write_micrograph(tmp_path / "raw" / f"S{index}.tif", Micrograph(image, 1.0))
    dataset = write_dataset(
        plan_dataset(PrepareOptions(name="s", raw=(tmp_path / "raw",))), tmp_path / "datasets" / "s"
    )
    for line, turned in ((0, True), (4, False)):
        recipe = override(REAL, [f"blind_spot.line_px={line}", "train.batch=32"])
        patches = BatchSource(recipe, dataset, CPU).next()["input"]
        vertical = (patches[:, :, 1:] == patches[:, :, :-1]).all(dim=(1, 2, 3))
        assert bool(vertical.any()) == turned


def test_frames_share_the_scale_of_the_first(frame_pairs: Dataset) -> None:
    entry = frame_pairs.entries("train")[0]
    assert entry.array("input").intensity != entry.array("target").intensity
    assert repeated_frames(frame_pairs, entry, "target").limits == entry.array("input").intensity
    frames = two_frames(frame_pairs, entry)
    first, second = frames.input, frames.target
    lo, hi = entry.array("input").intensity
    raw = frame_pairs.array(entry, "target").transpose(2, 0, 1)
    assert np.allclose(second, (raw - lo) / (hi - lo), atol=1e-6)
    assert np.array_equal(first, frame_pairs.unit(entry, "input"))
    batch = BatchSource(FRAMES, frame_pairs, CPU).next()
    assert not torch.equal(batch["input"], batch["target"])


def test_pairs_are_validated_by_the_second_frame(frame_pairs: Dataset, tmp_path: Path) -> None:
    recorder = Recorder()
    result = train(override(FRAMES, ["train.early_stop=1"]), frame_pairs, tmp_path / "run", recorder)
    told = {key for _, key in recorder.values if key.startswith("val/")}
    assert told == {"val/two_frame_mse", "val/two_frame_psnr_db", "val/floor_two_frame_psnr_db"}
    (entry,) = frame_pairs.entries("val")
    lo, hi = entry.array("input").intensity
    # The noise of the input itself, 10 % of 10 000 grey values.
    expected = 20 * np.log10((hi - lo) / 1000)
    assert recorder.values[5, "val/floor_two_frame_psnr_db"] == pytest.approx(expected, abs=0.2)
    assert result.best_step in (5, 6)
    assert (tmp_path / "run" / "checkpoint-best" / "model.safetensors").exists()


def test_real_noisy_images_are_validated_on_hidden_pixels(small_dataset: Dataset, tmp_path: Path) -> None:
    recorder = Recorder()
    result = train(REAL, small_dataset, tmp_path / "run", recorder)
    assert {key for _, key in recorder.values if key.startswith("val/")} == {"val/blind_mse", "val/floor_blind_mse"}
    assert set(result.best) == {"val/blind_mse", "val/floor_blind_mse"}
    assert all(set(panels) == {"input", "floor", "output"} for panels in recorder.samples.values())
    assert recorder.values[5, "val/floor_blind_mse"] == recorder.values[6, "val/floor_blind_mse"] > 0


def test_simulated_noise_is_validated_against_the_clean_images(small_dataset: Dataset, tmp_path: Path) -> None:
    for recipe in (BLIND, FRAMES):
        recorder = Recorder()
        train(recipe, small_dataset, tmp_path / recipe.name, recorder)
        assert recorder.values[6, "val/floor_psnr_db"] == pytest.approx(20, abs=0.5), (
            "noise of a tenth, a little clipped"
        )


def test_the_best_validation_by_whatever_score_there_is() -> None:
    orders = ((PSNR, (20, 30)), (TWO_FRAME_PSNR, (0.1, -0.001)), (BLIND_ERROR, (2, 1)), (DICE, (0.4, 0.5)),
              (NOISE_ERROR, (0.3, 0.2)))  # fmt: skip
    for shown, order in orders:
        counters, ranking = Counters(step=1), shown.ranking
        name = ranking.score
        assert counters.validated({name: order[0]}, ranking)
        assert counters.validated({name: order[1]}, ranking)
        assert not counters.validated({name: order[0]}, ranking)
        assert not counters.validated({name: float("nan")}, ranking)
        assert counters.validations_since_best == 2


def test_what_cannot_be_learned_is_refused(small_dataset: Dataset, frame_pairs: Dataset) -> None:
    for recipe, dataset, message in (
        (BLIND, frame_pairs, "learns from single images; prepare the noisy ones without target"),
        (override(FRAMES, ["degradation.read_noise=0"]), small_dataset, "needs two noisy frames .*prepare a paired"),
        (
            FRAMES.model_copy(update={"network": SRResNetConfig(scale=2)}),
            frame_pairs,
            "removes noise and nothing else; use network.scale=1",
        ),
    ):
        with pytest.raises(UserError, match=message):
            check_compatible(recipe, dataset.manifest)
    check_compatible(override(FRAMES, ["degradation.read_noise=0"]), frame_pairs.manifest)
    check_compatible(REAL, small_dataset.manifest)
    for change, message in (("losses.l1=1", "use the loss mse alone"), ("train.patch=8", "patches of at least 11 px"),
                            ("blind_spot.line_px=20", "patches of at least 41 px")):  # fmt: skip
        with pytest.raises(UserError, match=message):
            check_recipe(override(BLIND, [change]))
    blurred = BLIND.model_copy(update={"degradation": Degradation(scale=1, read_noise=0.1, blur=Blur())})
    with pytest.raises(UserError, match="cannot sharpen"):
        check_recipe(blurred)


@pytest.mark.parametrize("part", ["jitter_px", "drift_px", "charging"])
def test_two_frames_must_not_differ_by_more_than_noise(part: str) -> None:
    moved = [f"degradation.scan.{part}=0.5"]
    with pytest.raises(UserError, match="differ by noise alone"):
        check_recipe(override(FRAMES, moved))
    check_recipe(override(BLIND, moved))
    check_recipe(override(FRAMES, ["degradation.scan.banding=0.05"]))


def test_images_without_reference_are_not_scored_against_themselves(
    small_dataset: Dataset, frame_pairs: Dataset
) -> None:
    empty = Degradation(scale=1)
    with pytest.raises(UserError, match="no reference to score against; use scores without"):
        evaluate_model(Identity(1), small_dataset, "test", empty)
    assert evaluate_model(Identity(1), frame_pairs, "test", empty).images == 1

"""Mask consistency, round trips, and datasets of generated images, on images with known answers."""

from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from pipelines.predict.label_models import label_table
from sem_models.config.intensity import IntensityLimits
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.datasets.synthetic import is_synthetic, turned, write_synthetic
from sem_models.errors import UserError
from sem_models.evaluation.mask_consistency import GENERATED, MAJORITY, MEANS, REAL, Drawn, mask_consistency
from sem_models.evaluation.metrics.round_trip import round_trip
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings

GREYS = np.array([0.1, 0.5, 0.9], np.float32)


def draw(one_hot: np.ndarray) -> np.ndarray:
    return np.tensordot(GREYS, one_hot, 1)[None].astype(np.float32)


def find(image: np.ndarray, _limits: IntensityLimits) -> np.ndarray:
    """Logits that measure how near a pixel is to the grey level of each class."""
    return -np.abs(image - GREYS[:, None, None])


def test_dice_of_generated_baseline_and_real_images_follow_from_the_areas() -> None:
    """A quarter each is class 1 and 2, half is class 0; the generated image shows class 2 as class 0."""
    mask = np.zeros((8, 8), np.uint8)
    mask[:4, :4], mask[:4, 4:] = 1, 2
    blind = GREYS[np.where(mask == 2, 0, mask)][None]
    images = {GENERATED: blind, REAL: GREYS[mask][None]}
    report = mask_consistency(find, [Drawn(f"i{k}", f"g{k}", mask, images) for k in range(3)], (0, 127, 255), 0)

    def means(method: str) -> list[float]:
        return [report.interval(method, name).mean for name in report.metrics]

    third = 2 * 32 / (32 + 48)
    assert means(GENERATED) == pytest.approx([(third + 1 + 0) / 3, third, 1, 0])
    assert means(REAL) == [1, 1, 1, 1]
    assert means(MAJORITY) == pytest.approx([2 * 32 / (32 + 64) / 3, 2 * 32 / (32 + 64), 0, 0])
    assert (report.interval(REAL, "dice").lo, report.interval(REAL, "dice").n) == (1, 3)
    assert report.methods == (GENERATED, REAL, MAJORITY)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_flat_greys_that_reach_real_images_saturate_the_score(noise: float) -> None:
    """Strong noise in the real images misleads the segmenter, which flat greys do not."""
    mask = np.random.default_rng(0).integers(0, 3, (32, 32)).astype(np.uint8)
    flat = GREYS[mask][None] if noise else np.full((1, 32, 32), GREYS[0])
    real = GREYS[mask][None] + noise * np.random.default_rng(1).standard_normal((1, 32, 32)).astype(np.float32)
    report = mask_consistency(find, [Drawn("i", "g", mask, {REAL: real, MEANS: flat})], (0, 127, 255), 0)
    assert report.is_saturated == bool(noise)


def test_two_specimens_have_no_interval() -> None:
    mask = np.eye(8, dtype=np.uint8)
    drawn = [Drawn(f"i{k}", f"g{k % 2}", mask, {REAL: GREYS[mask][None]}) for k in range(6)]
    assert np.isnan(mask_consistency(find, drawn, (0, 1, 2), 0).interval(REAL, "dice_1").lo)


def test_a_round_trip_is_scored_against_the_image_it_began_with() -> None:
    image = np.random.default_rng(0).random((1, 32, 40)).astype(np.float32)
    unchanged = round_trip(image, lambda x: x, lambda x: x)
    assert (unchanged["psnr_db"], unchanged["ssim"], unchanged["mae"], unchanged["mae_between"]) == (100, 1, 0, 0)
    inverted = round_trip(image, lambda x: 1 - x, lambda x: 1 - x)
    assert inverted["mae"] == pytest.approx(0, abs=1e-6)
    assert inverted["mae_between"] == pytest.approx(np.abs(1 - 2 * image).mean(), rel=1e-5)
    dimmed = round_trip(image, lambda x: x, lambda x: 0.5 * x)
    assert dimmed["mae"] == pytest.approx(0.5 * image.mean(), rel=1e-5)
    assert dimmed["psnr_db"] == pytest.approx(peak_signal_noise_ratio(image[0], 0.5 * image[0], data_range=1), rel=1e-6)
    assert dimmed["floor_psnr_db"] == pytest.approx(-10 * np.log10(image.var()), rel=1e-4)
    # What lies outside the range of an image is cut in between too: the second model sees what a file would hold.
    assert round_trip(image, lambda x: x + 2, lambda x: x - 1)["mae"] == pytest.approx(image.mean(), rel=1e-5)


@pytest.fixture
def real(tmp_path: Path) -> Dataset:
    classes = [rings(seed) for seed in range(6)]
    options = masked_files(tmp_path, list("abcdef"), [RAW_OF_CLASS[mask] for mask in classes])
    return write_dataset(plan_dataset(options), tmp_path / "real")


def test_eight_symmetries_and_no_more() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    seen = {(turned(pixels, k).shape, turned(pixels, k).tobytes()) for k in range(8)}
    assert len(seen) == 8
    assert np.array_equal(turned(pixels, 0), pixels)


def test_generated_images_replace_or_extend_the_training_split_only(real: Dataset, tmp_path: Path) -> None:
    only = write_synthetic(real, tmp_path / "s", draw, "me", "synthetic")
    both = write_synthetic(real, tmp_path / "b", draw, "me", "both")
    train = len(real.entries("train"))
    assert [len(d.entries("train")) for d in (only, both)] == [train, 2 * train]
    for split in ("val", "test"):
        assert only.entries(split) == both.entries(split) == real.entries(split)
        assert np.array_equal(only.array(only.entries(split)[0], "image"), real.array(real.entries(split)[0], "image"))
    originals = [np.array(real.array(entry, "mask")) for entry in real.entries("train")]
    for entry, original in zip(only.entries("train"), originals, strict=True):
        mask = only.array(entry, "mask")
        assert not np.array_equal(mask, original)
        assert any(np.array_equal(mask, turned(original, k)) for k in range(1, 8))
        assert np.abs(only.unit(entry, "image")[0] - GREYS[mask[..., 0]]).max() < 1 / 255
    assert [is_synthetic(entry) for entry in both.entries("train")] == [False] * train + [True] * train
    assert only.manifest.label_values == real.manifest.label_values
    assert open_dataset(tmp_path / "s").digest == write_synthetic(real, tmp_path / "s", draw, "me", "synthetic").digest
    with pytest.raises(UserError, match="other content"):
        write_synthetic(real, tmp_path / "s", draw, "you", "synthetic")


def test_labels_are_mapped_by_the_user_or_not_at_all() -> None:
    assert label_table((0, 127), (0, 127), None) == {0: 0, 127: 127}
    assert label_table((0, 127, 255), (0, 1), {0: 0, 127: 1, 255: 0}) == {0: 0, 127: 1, 255: 0}
    for known, drawn, mapping, text in (
        ((0, 127), (0, 1), None, "say which is which"),
        ((0, 127), (0, 1), {0: 0}, "label 127 is left out"),
        ((0, 127), (0, 1), {0: 0, 127: 2}, "there is no label 2"),
        ((0, 127), (0, 1), {0: 0, 127: 1, 5: 1}, "there is no label 5"),
    ):
        with pytest.raises(UserError, match=text):
            label_table(known, drawn, mapping)

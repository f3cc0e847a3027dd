"""Images, label maps and datasets at a common pixel size."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.resampling import becomes
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.resample import resample, resample_labels
from tests.support.images import smooth_images
from tests.support.old_manifests import before, old_digest


def grating(width: int, pixel_nm: float, period_nm: float, amplitude: float = 80.0) -> np.ndarray:
    """A sine along the columns, sampled at pixel centres; (H, W, 1) uint8."""
    at_nm = (np.arange(width) + 0.5) * pixel_nm
    line = 128 + amplitude * np.sin(2 * np.pi * at_nm / period_nm)
    return np.rint(np.tile(line, (120, 1)))[:, :, None].astype(np.uint8)


@pytest.mark.parametrize(("old_nm", "new_nm"), [(5.0, 20.0), (4.6, 7.0), (20.0, 8.0)])
def test_a_grating_keeps_its_period_and_place_in_nm(old_nm: float, new_nm: float) -> None:
    period = 240.0
    before = grating(600, old_nm, period)
    after = resample(before, old_nm / new_nm)
    assert after.dtype == np.uint8
    assert after.shape[1] == round(600 * old_nm / new_nm)
    # The Gaussian before a reduction has a closed transfer function; half a new pixel wide.
    kept = np.exp(-2 * np.pi**2 * (0.5 * new_nm / period) ** 2) if new_nm > old_nm else 1.0
    expected = grating(after.shape[1], new_nm, period, 80 * kept)[:1]
    assert np.abs(after[:, 10:-10].astype(float) - expected[:, 10:-10]).max() < 3


@pytest.mark.parametrize("reduction", [1.5, 2.0, 6.0])
def test_energy_above_the_new_nyquist_is_gone(reduction: float) -> None:
    fine = grating(720, 1.0, reduction * 1.35)
    variance = resample(fine, 1 / reduction)[:, 5:-5].astype(float).var()
    assert variance < 0.01 * fine.astype(float).var()


def test_types_are_kept_and_overshoot_is_clipped() -> None:
    edge = np.zeros((32, 32, 1), np.uint16)
    edge[:, 16:] = 65535
    larger = resample(edge, 2.0)
    assert larger.dtype == np.uint16
    assert larger[:, :31].max() < 15000
    assert larger[:, 33:].min() > 50000
    assert resample(edge, 1.0004) is edge
    assert resample(edge.astype(np.float32), 0.5).dtype == np.float32


@pytest.mark.parametrize("factor", [0.13, 0.5, 0.77, 2.0, 3.3])
def test_labels_stay_labels(factor: float) -> None:
    blobs = np.stack(smooth_images(2, 96), axis=2).astype(int)
    labels = (np.where(blobs[..., 0] > 128, 7, 0) + np.where(blobs[..., 1] > 150, 120, 0))[:, :, None].astype(np.uint8)
    after = resample_labels(labels, factor)
    assert after.dtype == np.uint8
    assert set(np.unique(after)) <= set(np.unique(labels))
    assert len(np.unique(after)) > 2
    for label in np.unique(labels):
        assert (after == label).mean() == pytest.approx((labels == label).mean(), abs=0.08)


def test_the_label_of_most_of_a_pixel_wins() -> None:
    """Blocks of 5 x 5 pixels return to the label they were repeated from; a maximum would give the single 200."""
    coarse = np.array([[0, 0, 9, 9, 200, 200, 0, 0]] * 8, np.uint8)[:, :, None]
    fine = coarse.repeat(5, 0).repeat(5, 1)
    speckled = fine.copy()
    speckled[2::5, 2::5] = 200
    assert np.array_equal(resample_labels(fine, 0.2), coarse)
    assert np.array_equal(resample_labels(speckled, 0.2), coarse)
    assert np.array_equal(resample_labels(coarse, 3.0), coarse.repeat(3, 0).repeat(3, 1))


def write(folder: Path, letter: str, size: int, pixel_nm: float | None) -> Path:
    folder.mkdir()
    for index, image in enumerate(smooth_images(3, size)):
        write_micrograph(folder / f"{letter}{index}.tif", Micrograph(image[:, :, None], pixel_nm))
    return folder


def test_two_domains_of_unlike_pixel_size_meet_at_one(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", "a", 96, None), write(tmp_path / "b", "b", 160, None)
    arguments = ["prepare", str(first), "--target", str(second), "--kind", "unpaired", "--group-by", r"^\w(\d)"]
    sizes = ["--pixel-size", "10", "--target-pixel-size", "2.5", "--resample", "5"]
    done = CliRunner().invoke(
        app, [*arguments, "--name", "u", *sizes, "--json"], env={"SEM_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": ""}
    )
    assert done.exit_code == 0, done.output
    assert "-> 192 x 192 px" in done.stderr
    assert "a0.tif, a1.tif, a2.tif: enlarged to 5 nm/px, which adds pixels but no detail." in done.stderr
    dataset = open_dataset(tmp_path / "datasets" / "u")
    facts = {
        (stored.role, stored.shape, stored.pixel_size_nm, stored.resampled and stored.resampled.from_nm)
        for entry in dataset.manifest.entries
        for stored in entry.arrays
    }
    assert facts == {("input", (192, 192, 1), 5.0, 10.0), ("target", (80, 80, 1), 5.0, 2.5)}


def test_masks_follow_their_image(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", "s", 96, 4.0)
    (tmp_path / "masks").mkdir()
    for index in range(3):
        labels = np.zeros((96, 96, 1), np.uint8)
        labels[24 : 72 + 2 * index, 24:72] = 255
        write_micrograph(tmp_path / "masks" / f"s{index}_mask.png", Micrograph(labels))
    options = PrepareOptions(name="m", raw=(raw,), kind="masked", masks=tmp_path / "masks", resample_nm=8.0)
    plan = plan_dataset(options)
    assert becomes(plan.images, 8.0) == [" -> 48 x 48 px"] * 6, "rows of masks say it, too"
    assert becomes(plan.images, None) == [""] * 6
    dataset = write_dataset(plan, tmp_path / "m")
    entry = dataset.manifest.entries[0]
    assert entry.array("image").shape == entry.array("mask").shape == (48, 48, 1)
    mask = dataset.array(entry, "mask")
    assert len(np.unique(mask)) == 2
    assert (mask[12:36, 12:36] == mask.max()).mean() > 0.99
    assert entry.name == "s0.tif"
    assert (mask == mask.max()).sum() == pytest.approx(24 * 24, abs=4)


def test_what_cannot_be_resampled_is_refused(tmp_path: Path) -> None:
    unknown, known = write(tmp_path / "a", "a", 96, None), write(tmp_path / "b", "b", 96, 2.0)

    def refuse(text: str, **options: object) -> None:
        with pytest.raises(UserError, match=text):
            plan_dataset(PrepareOptions(name="x", group_by=r"^\w(\d)", **options))  # type: ignore[arg-type]

    refuse("a0.tif, a1.tif, a2.tif: pixel size unknown.*with pixel_size_nm", raw=(unknown,), resample_nm=4.0)
    refuse("the pixel size with target_pixel_size_nm", raw=(known,), kind="unpaired", target=unknown, resample_nm=4.0)
    refuse("enlarged 20 times", raw=(known,), resample_nm=0.1)
    refuse("only 2 x 2 px would be left", raw=(known,), resample_nm=100.0)
    refuse("kind single has no targets", raw=(known,), target_pixel_size_nm=3.0)


def test_old_manifests_keep_their_digest(small_dataset: Dataset, tmp_path: Path) -> None:
    """The digest of earlier versions: the hash of the same JSON without the new field."""
    content = before(small_dataset.folder)
    (small_dataset.folder / "manifest.json").write_text(json.dumps(content))
    expected = old_digest(content)
    assert open_dataset(small_dataset.folder).digest == expected == small_dataset.digest
    options = PrepareOptions(name="r", raw=(tmp_path / "raw",), resample_nm=5.0)
    assert write_dataset(plan_dataset(options), tmp_path / "r").digest != expected

"""Pairs: those that fit are aligned and allocated to splits, the others are rejected with a reason."""

import re
from pathlib import Path

import numpy as np
import pytest

from sem_models.datasets.dataset import digest_of, open_dataset
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.old_manifests import before, old_digest
from tests.support.warps import write_pairs


def test_misaligned_pairs_are_rejected_before_allocation(tmp_path: Path) -> None:
    options = write_pairs(tmp_path)
    plan = plan_dataset(options)
    dataset = write_dataset(plan, tmp_path / "p")
    assert [entry.name for entry in dataset.manifest.entries] == ["s0.tif", "s1.tif", "s2.tif"]
    assert {entry.split for entry in dataset.manifest.entries} == {"train", "val", "test"}
    (skipped,) = dataset.manifest.skipped
    assert skipped.source == "s3.tif" and "s3.tif + s3.tif: the alignment could not be verified" in str(skipped.reason)
    entry = dataset.manifest.entries[0]
    assert entry.shift_px == pytest.approx((6, -4), abs=0.3) and entry.shift_applied
    assert entry.residual.median_px < 0.4 and entry.residual_before.median_px == pytest.approx(np.hypot(6, 4), abs=0.4)
    assert open_dataset(tmp_path / "p").digest == dataset.digest
    strict = PrepareOptions(**{**vars(options), "registration": "none", "max_residual_px": 2.0})
    with pytest.raises(UserError, match=r"All 4 pairs|Only 1 group"):
        plan_dataset(strict)
    for path in (options.raw[0], options.target):
        (path / "s1.tif").unlink()
    with pytest.raises(UserError, match=r"Only 2 groups found \(s0, s2\).* Left out: s3.tif \+ s3.tif: the alignment"):
        plan_dataset(options)
    options = write_pairs(tmp_path)
    lenient = PrepareOptions(**{**vars(options), "max_residual_px": np.inf})
    assert len(plan_dataset(lenient).images) == 8


def test_without_registration_no_pair_is_rejected(tmp_path: Path) -> None:
    """The pairs of `write_pairs` are misaligned by 7.2 px, which is 14.4 nm."""
    options = PrepareOptions(**{**vars(write_pairs(tmp_path)), "registration": "none"})
    plan = plan_dataset(options)
    assert len(plan.images) == 8
    assert plan.skipped == ()
    note, groups = plan.notes
    assert "each of the 4 files is a group of its own" in str(groups)
    assert "3 of 4 pairs are used unregistered although they are misaligned by more than 2 px" in str(note)
    px, nm = (float(value) for value in re.findall(r"median residual of ([\d.]+) px, ([\d.]+) nm", str(note))[0])
    assert px == pytest.approx(np.hypot(6, 4), abs=0.4)
    assert nm == pytest.approx(2 * px, abs=0.2)
    (groups,) = plan_dataset(PrepareOptions(**{**vars(options), "registration": "shift"})).notes
    assert "each of the 3 files is a group of its own" in str(groups)


def coarser_inputs(options: PrepareOptions, columns: int = 0) -> PrepareOptions:
    """Inputs with a pixel size of 4 nm instead of 2, without some of their columns; targets are unchanged."""
    for path in options.raw[0].iterdir():
        pixels = read_micrograph(path).pixels
        half = pixels.reshape(pixels.shape[0] // 2, 2, -1, 2, 1).mean((1, 3)).round().astype(np.uint8)
        write_micrograph(path, Micrograph(half[:, : half.shape[1] - columns], 4.0))
    return options


@pytest.mark.parametrize("register", ["shift", "translation", "affine"])
def test_targets_of_twice_the_size_are_registered_and_keep_it(tmp_path: Path, register: str) -> None:
    options = PrepareOptions(**{**vars(coarser_inputs(write_pairs(tmp_path))), "registration": register})
    dataset = write_dataset(plan_dataset(options), tmp_path / "p")
    assert [entry.name for entry in dataset.manifest.entries] == ["s0.tif", "s1.tif", "s2.tif"]
    entry = dataset.manifest.entries[0]
    first, second = (dataset.array(entry, role)[..., 0].astype(float) for role in ("input", "target"))
    assert second.shape == (2 * first.shape[0], 2 * first.shape[1]) and first.size > 0.8 * 150**2
    assert entry.residual.median_px < 0.6 < 6 < entry.residual_before.median_px
    assert [array.pixel_size_nm for array in entry.arrays] == [4.0, 2.0]
    reduced = second.reshape(first.shape[0], 2, first.shape[1], 2).mean((1, 3))
    assert np.corrcoef(first.ravel(), reduced.ravel())[0, 1] < -0.9, "contrasts are opposite"


def test_an_unregistered_pair_of_two_sizes_is_measured_in_px_of_its_target(tmp_path: Path) -> None:
    options = PrepareOptions(**{**vars(coarser_inputs(write_pairs(tmp_path))), "registration": "none"})
    plan = plan_dataset(options)
    assert "3 of 4 pairs are used unregistered although they are misaligned" in str(plan.notes[0])
    entry = write_dataset(plan, tmp_path / "p").manifest.entries[0]
    assert entry.residual.median_px == pytest.approx(np.hypot(6, 4), abs=0.5)
    assert [array.shape[0] for array in entry.arrays] == [150, 300]


def test_pairs_of_other_sizes_are_registered_at_one_pixel_size(tmp_path: Path) -> None:
    options = coarser_inputs(write_pairs(tmp_path), columns=1)
    with pytest.raises(UserError, match=r"All 4 pairs .* only images of the same size, or targets that are 2, 3"):
        plan_dataset(options)
    assert len(plan_dataset(PrepareOptions(**{**vars(options), "registration": "none"})).images) == 8
    for nm, shift in ((2.0, (6, -4)), (4.0, (3, -2))):
        asked = PrepareOptions(**{**vars(options), "resample_nm": nm})
        dataset = write_dataset(plan_dataset(asked), tmp_path / f"at{nm}")
        assert len(dataset.manifest.entries) == 3
        entry = dataset.manifest.entries[0]
        assert entry.shift_px == pytest.approx(shift, abs=0.4)
        assert entry.residual.median_px < 0.5
        first, second = (dataset.array(entry, role)[..., 0].astype(float) for role in ("input", "target"))
        assert first.shape == second.shape
        assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < -0.8, "contrasts are opposite"
        assert {array.pixel_size_nm for array in entry.arrays} == {nm}


def test_sizes_are_compared_after_resampling(tmp_path: Path) -> None:
    """One missing column of 4 nm is two px of 2 nm, possibly from rounding; four missing columns are another field."""
    fits = coarser_inputs(write_pairs(tmp_path / "a"), columns=1)
    asked = PrepareOptions(**{**vars(fits), "registration": "none", "resample_nm": 2.0})
    entry = write_dataset(plan_dataset(asked), tmp_path / "p").manifest.entries[0]
    assert entry.array("input").shape == entry.array("target").shape
    other = coarser_inputs(write_pairs(tmp_path / "b"), columns=4)
    with pytest.raises(UserError, match=r"at the common pixel size they have .* so they do not show the same field"):
        plan_dataset(PrepareOptions(**{**vars(other), "registration": "none", "resample_nm": 2.0}))


def test_a_warped_input_lies_on_the_grid_of_its_target(tmp_path: Path) -> None:
    options = PrepareOptions(**{**vars(write_pairs(tmp_path)), "registration": "rigid"})
    dataset = write_dataset(plan_dataset(options), tmp_path / "p")
    entry = dataset.manifest.entries[0]
    assert entry.warp.model == "rigid" and not entry.shift_applied and entry.residual.median_px < 0.4
    stored = [dataset.array(entry, role)[..., 0].astype(float) for role in ("input", "target")]
    assert stored[0].shape == stored[1].shape
    assert np.corrcoef(stored[0].ravel(), stored[1].ravel())[0, 1] < -0.9
    again = write_dataset(plan_dataset(options), tmp_path / "p")
    assert again.digest == dataset.digest


def test_manifests_from_before_there_were_residuals_keep_their_digest(tmp_path: Path) -> None:
    dataset = write_dataset(plan_dataset(write_pairs(tmp_path)), tmp_path / "p")
    old = before(tmp_path / "p")
    expected = old_digest(old)
    assert digest_of(Manifest.model_validate(old)) == expected == dataset.digest

"""Training batches of networks that are told the width of the blur, and datasets that cannot be told."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.tasks import refocusing
from sem_models.tasks.batches import BatchSource
from sem_models.tasks.compatibility import check_compatible
from tests.support.images import smooth_images
from tests.support.small_recipes import short

QUIET = ("degradation.dose_e_per_px=none", "degradation.read_noise=0", "train.patch=64")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    raw.mkdir()
    for index, image in enumerate(smooth_images(5)):
        write_micrograph(raw / f"S{index}-a.tif", Micrograph(image[:, :, None], 2.5))
    write_dataset(plan_dataset(PrepareOptions(name="small", raw=(raw,))), tmp_path / "small")
    return tmp_path / "small"


def test_each_patch_is_blurred_by_the_width_that_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refocusing, "_ERROR_OF_WIDTH", 0.0)
    recipe = short("refocus-strength-small", *QUIET)
    batch = BatchSource(recipe, open_dataset(folder), torch.device("cpu")).next()
    inner, told = np.s_[16:-16, 16:-16], batch["input"][:, -1]
    assert (told == told[:, :1, :1]).all()
    assert len(set(told[:, 0, 0].tolist())) == len(told), "each has a width of its own"
    for given, width, sharp in zip(batch["input"][:, 0], told[:, 0, 0].tolist(), batch["target"][:, 0], strict=True):
        expected = gaussian_filter(sharp.numpy(), width, truncate=3)
        np.testing.assert_allclose(given.numpy()[inner], expected[inner], atol=2e-3)


def test_the_width_that_is_told_is_wrong_by_up_to_15_percent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, told = short("refocus-strength-small", *QUIET), []
    for error in (0.15, 0.0):
        monkeypatch.setattr(refocusing, "_ERROR_OF_WIDTH", error)
        source = BatchSource(recipe, open_dataset(folder), torch.device("cpu"))
        told.append(torch.cat([source.next()["input"][:, -1, 0, 0] for _ in range(10)]))
    ratio = told[0] / told[1]
    assert 0.8499 < ratio.min() < 0.95
    assert 1.05 < ratio.max() < 1.1501


def test_a_width_that_nobody_knows_is_refused(folder: Path) -> None:
    manifest = open_dataset(folder).manifest
    check_compatible(short("refocus-strength-small", *QUIET), manifest)
    with pytest.raises(UserError, match="at most 4 px"):
        check_compatible(short("refocus-strength-small", *QUIET, "degradation.blur.size_px=0,6"), manifest)
    with pytest.raises(UserError, match="at most 4 px"):
        check_compatible(short("refocus-strength-small", *QUIET, "degradation.blur=none"), manifest)

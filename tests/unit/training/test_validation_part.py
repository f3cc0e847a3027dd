"""Validation looks at windows of large images, the same places in every role, and at small images as a whole."""

from pathlib import Path

import numpy as np
import pytest

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.validation.windows import validation_part


@pytest.fixture
def pairs(tmp_path: Path) -> Dataset:
    """Targets whose pixels hold their row and column, and inputs of half the size."""
    place = np.arange(400)
    target = (place[:, None] * 100 + place % 100).astype(np.uint16)
    for index in range(3):
        for folder, image in (("low", target[::2, ::2]), ("high", target)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_micrograph(tmp_path / folder / f"S{index}.tif", Micrograph(image[:, :, None] + index, 5.0))
    options = PrepareOptions(
        name="pairs", raw=(tmp_path / "low",), kind="paired", target=tmp_path / "high", join_same_field=False
    )
    return write_dataset(plan_dataset(options), tmp_path / "datasets" / "pairs")


def test_windows_of_all_roles_show_the_same_place(pairs: Dataset) -> None:
    recipe = override(find_recipe("srresnet-x2-small"), ["train.batch=2", "train.validate_every=2"])
    part = validation_part(recipe, pairs)
    (entry,) = pairs.entries("val")
    low, high = part.array(entry, "input"), part.array(entry, "target")
    assert (low.shape, high.shape) == ((128, 128, 1), (256, 256, 1))
    assert np.array_equal(high[::2, ::2], low)
    assert np.array_equal(high, validation_part(recipe, pairs).array(entry, "target")), "the same each time"
    assert part.unit(entry, "target").shape == (1, 256, 256)
    (other, *_) = pairs.entries("train")
    assert np.array_equal(part.array(other, "target"), pairs.array(other, "target"))


def test_a_twentieth_of_the_pixels_that_are_trained_on(pairs: Dataset) -> None:
    """4000 patches of 96 px have 37 MP; a window of 1344 px is the largest of a twentieth of that, in steps of 64."""
    recipe = find_recipe("nafnet-denoise-small")
    part = validation_part(recipe, pairs)
    assert part.edge_px == 1344
    (entry,) = pairs.entries("val")
    assert np.array_equal(part.array(entry, "target"), pairs.array(entry, "target"))

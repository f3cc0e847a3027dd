"""Patches of a plan are those of the training: crops of the chosen images, without data bars, beside their inputs."""

from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from pipelines.data.patches import Patch, dataset_patches, montage, recipes_for, training_patches
from sem_models.config.networks.table import capabilities
from sem_models.config.overrides import override
from sem_models.config.presets.table import RECIPES
from sem_models.datasets.kinds import LAYOUTS
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.display import coloured
from tests.support.images import smooth_images
from tests.support.masked_sets import GREY_OF_CLASS, RAW_OF_CLASS, masked_files, rings

BAR = 16


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for index, image in enumerate(smooth_images(4, 96 + BAR)):
        image[-BAR:] = 255
        Image.fromarray(image).save(folder / f"S{index}.png")
    return folder


def is_part_of(patch: np.ndarray, image: np.ndarray) -> bool:
    """Whether a patch is a crop of an image, flipped or turned by quarters."""
    height, width = patch.shape
    for one in (np.rot90(turned, k) for turned in (image, image[:, ::-1]) for k in range(4)):
        rows = (sliding_window_view(one, width, axis=1) == patch[0]).all(axis=2)
        places = np.argwhere(rows[: len(one) - height + 1])
        if any(np.array_equal(one[top : top + height, left : left + width], patch) for top, left in places):
            return True
    return False


@pytest.mark.parametrize("recipe", ["vdsr-x2-small", "vdsr-x4-small"])
def test_patches_are_crops_of_the_chosen_image_and_its_degradation(raw: Path, recipe: str) -> None:
    plan = plan_dataset(PrepareOptions(name="p", raw=(raw,), databar_rows=BAR, join_same_field=False))
    chosen = next(image for image in plan.images if image.split == "test")
    patches = training_patches(plan, recipe, 3, first=(chosen.sample,))
    shown = {image.source: np.asarray(Image.open(image.path))[:-BAR] for image in plan.images}
    found = [[name for name, image in shown.items() if is_part_of(patch.wanted, image)] for patch in patches]
    assert all(len(names) == 1 for names in found), "each is of one image, and of no data bar"
    assert chosen.source in {names[0] for names in found}
    scale = capabilities(RECIPES[recipe].network).scale
    for patch in patches:
        assert patch.wanted.shape == (RECIPES[recipe].train.patch,) * 2
        edge = len(patch.wanted) // scale
        small = patch.wanted.reshape(edge, scale, edge, scale).mean(axis=(1, 3))
        assert patch.given.shape == (edge, edge)
        assert 0.8 < np.corrcoef(patch.given.ravel(), small.ravel())[0, 1] < 0.99999
    again = training_patches(plan, recipe, 3, first=(chosen.sample,))
    assert all(np.array_equal(one.given, other.given) for one, other in zip(patches, again, strict=True))


def test_masks_lie_over_their_images(tmp_path: Path) -> None:
    classes = [rings(seed, 128) for seed in range(3)]
    images = [GREY_OF_CLASS[mask] for mask in classes]
    names = [f"s{index}" for index in range(3)]
    plan = plan_dataset(masked_files(tmp_path, names, [RAW_OF_CLASS[mask] for mask in classes], images=images))
    for patch in training_patches(plan, "cgan-masks-small", 2):
        shown = np.searchsorted(GREY_OF_CLASS, patch.wanted)
        assert np.array_equal(patch.given, coloured(shown))


def test_every_kind_has_recipes() -> None:
    for kind in LAYOUTS:
        assert recipes_for(kind)
        assert recipes_for(kind)[0].endswith("-small")


def test_a_montage_keeps_pixels_as_squares() -> None:
    given, wanted = np.arange(4, dtype=np.uint8).reshape(2, 2), np.arange(16, dtype=np.uint8).reshape(4, 4)
    sheet = montage([Patch(given, wanted)] * 2, 8)
    assert sheet.shape == (8 + 2 + 8, 8 + 2 + 8, 3)
    assert np.array_equal(sheet[:8, :8, 0], given.repeat(4, 0).repeat(4, 1))
    assert np.array_equal(sheet[10:, 10:, 2], wanted.repeat(2, 0).repeat(2, 1))
    assert (sheet[8:10] == 128).all()


def test_patches_of_a_dataset_are_crops_of_its_training_images(raw: Path, tmp_path: Path) -> None:
    plan = plan_dataset(PrepareOptions(name="p", raw=(raw,), databar_rows=BAR, join_same_field=False))
    dataset = write_dataset(plan, tmp_path / "p")
    recipe = RECIPES["vdsr-x2-small"]
    patches = dataset_patches(dataset, recipe, 3)
    training = {image.source for image in plan.images if image.split == "train"}
    shown = {image.source: np.asarray(Image.open(image.path))[:-BAR] for image in plan.images}
    for patch in patches:
        (source,) = (name for name, image in shown.items() if is_part_of(patch.wanted, image))
        assert source in training
    darker = override(recipe, ["degradation.dose_e_per_px=5"])
    noisy = dataset_patches(dataset, darker, 3)
    assert all(np.array_equal(one.wanted, other.wanted) for one, other in zip(patches, noisy, strict=True))
    assert not any(np.array_equal(one.given, other.given) for one, other in zip(patches, noisy, strict=True))

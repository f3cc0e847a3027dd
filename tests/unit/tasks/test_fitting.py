"""Which recipes fit what somebody has: the file's own facts, and what only its owner knows."""

from pathlib import Path

import numpy as np
import pytest

from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import LAYOUTS
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.tasks.fitting import fitted, incompatibility, why_not
from sem_models.tasks.material import MATERIALS, materials_of
from tests.support.images import smooth_images


@pytest.fixture
def frames(tmp_path: Path) -> Dataset:
    """Two noisy frames of each of five fields."""
    rng = np.random.default_rng(0)
    for index, image in enumerate(smooth_images(5, 128)):
        for folder in ("first", "second"):
            (tmp_path / folder).mkdir(exist_ok=True)
            noisy = np.clip(image + rng.normal(0, 20, image.shape), 0, 255).astype(np.uint8)
            write_micrograph(tmp_path / folder / f"S{index}.tif", Micrograph(noisy[:, :, None], 5.0))
    options = PrepareOptions(name="frames", raw=(tmp_path / "first",), kind="paired", target=tmp_path / "second")
    return write_dataset(plan_dataset(options), tmp_path / "datasets" / "frames")


@pytest.mark.parametrize(
    ("material", "recipe", "said"),
    [
        ("clean", "nafnet-denoise-small", None),
        ("noisy", "nafnet-denoise-small", "would be noisy"),
        ("clean", "n2v-denoise-small", "learn from clean images reach more"),
        ("noisy", "n2v-denoise-small", None),
        ("noisy", "n2n-denoise-small", "needs two noisy frames"),
        ("noisy", "srresnet-x2-small", None),
        ("clean", "unet-segment-small", "learns from masks"),
        ("clean", "pix2pix-small", "prepare pairs"),
        ("clean", "srn-known", "smaller than the patch"),
    ],
)
def test_single_images(material: str, recipe: str, said: str | None, small_dataset: Dataset) -> None:
    reason = why_not(find_recipe(recipe), small_dataset.manifest, MATERIALS[material])
    assert (reason is None) if said is None else said in str(reason)


@pytest.mark.parametrize(
    ("material", "recipe", "said"),
    [
        ("frames", "n2n-denoise-small", None),
        ("pairs", "n2n-denoise-small", "made for images that are all noisy"),
        ("frames", "nafnet-denoise-small", "would be noisy"),
        ("pairs", "nafnet-denoise-small", None),
        ("frames", "unet-translate-small", "the same contrast"),
        ("pairs", "unet-translate-small", None),
        ("pairs", "srresnet-x4-small", "not 4 times smaller"),
        ("pairs", "cyclegan-translate-small", "learns without pairs"),
        ("pairs", "ddpm-small", None),
    ],
)
def test_pairs(material: str, recipe: str, said: str | None, frames: Dataset) -> None:
    reason = why_not(find_recipe(recipe), frames.manifest, MATERIALS[material])
    assert (reason is None) if said is None else said in str(reason), str(reason)


def test_what_fits_can_be_trained(small_dataset: Dataset) -> None:
    """`why_not` adds reasons to those of a training, and takes none away."""
    manifest = small_dataset.manifest
    for name, recipe in RECIPES.items():
        if why_not(recipe, manifest, MATERIALS["clean"]) is None:
            assert incompatibility(fitted(recipe, manifest), manifest) is None, name


def test_every_kind_of_dataset_is_something_that_somebody_has() -> None:
    assert all(materials_of(kind) for kind in LAYOUTS)
    assert not materials_of("single")[0].is_noisy

"""Training on label maps: batches, accepted datasets, and settings that a recipe takes from its dataset."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sem_models.config.degradation import Degradation
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe, TaskName
from sem_models.config.training import LossTerm, TrainSettings
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.model import RestorationModel
from sem_models.tasks.batches import BatchSource
from sem_models.tasks.compatibility import adapt, check_compatible
from sem_models.tasks.models import generated_pairs
from tests.support.masked_sets import GREY_OF_CLASS, grey_classes


def recipe(task: TaskName, **changes: object) -> Recipe:
    if task == "segmentation":
        changes |= {"method": "segmentation", "losses": (LossTerm(name="cross_entropy"), LossTerm(name="soft_dice"))}
    return Recipe(
        name="r", summary="s", task=task, network=UNetConfig(width=4, depth=1), degradation=Degradation(scale=1),
        train=TrainSettings(batch=12, patch=32),
    ).model_copy(update=changes)  # fmt: skip


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return grey_classes(tmp_path)


def test_mask_and_image_are_cut_at_one_place_and_turned_alike(dataset: Dataset) -> None:
    cpu = torch.device("cpu")
    ready = adapt(recipe("synthesis"), dataset.manifest)
    batch = BatchSource(ready, dataset, cpu).next()
    assert batch["input"].shape == (12, 3, 32, 32)
    assert batch["input"].dtype == torch.float32
    assert torch.equal(batch["input"].sum(1), torch.ones(12, 32, 32))
    grey_of_class = torch.from_numpy(GREY_OF_CLASS.astype(np.float32) / 255)
    assert torch.allclose(grey_of_class[batch["input"].argmax(1)], batch["target"][:, 0], atol=1e-6)
    other = BatchSource(adapt(recipe("segmentation"), dataset.manifest), dataset, cpu).next()
    assert torch.equal(other["input"], batch["target"])
    assert torch.equal(other["target"], batch["input"])


def test_noise_is_on_the_input_of_a_segmentation_only(dataset: Dataset) -> None:
    noisy = Degradation(scale=1, read_noise=0.1)
    for task, expected in (("synthesis", 0.0), ("segmentation", 0.1)):
        ready = adapt(recipe(task, degradation=noisy), dataset.manifest)
        batch = BatchSource(ready, dataset, torch.device("cpu")).next()
        grey, label = ("target", "input") if task == "synthesis" else ("input", "target")
        clean = torch.from_numpy(GREY_OF_CLASS.astype(np.float32) / 255)[batch[label].argmax(1)]
        assert float((batch[grey][:, 0] - clean).std()) == pytest.approx(expected, abs=0.005)


def test_the_classes_come_from_the_dataset(dataset: Dataset) -> None:
    drawn = adapt(recipe("synthesis"), dataset.manifest)
    assert (drawn.labels, drawn.network.channels_in, drawn.network.channels_out) == ((0, 127, 255), 3, 1)
    found = adapt(recipe("segmentation"), dataset.manifest)
    assert (found.labels, found.network.channels_in, found.network.channels_out) == ((0, 127, 255), 1, 3)
    for ready in (drawn, found):
        check_compatible(ready, dataset.manifest)
    denoising = adapt(recipe("denoising"), dataset.manifest)
    assert denoising.model_copy(update={"limits": None}) == recipe("denoising")


def test_what_does_not_fit_is_refused(dataset: Dataset) -> None:
    with pytest.raises(UserError, match=r"use network\.channels_in=3"):
        check_compatible(recipe("synthesis"), dataset.manifest)
    with pytest.raises(UserError, match=r"use network\.channels_out=3"):
        check_compatible(recipe("segmentation"), dataset.manifest)
    with pytest.raises(UserError, match="with kind=masked"):
        check_compatible(recipe("segmentation"), dataset.manifest.model_copy(update={"kind": "single"}))
    old = dataset.manifest.model_copy(update={"label_values": ()})
    with pytest.raises(UserError, match="prepare it again"):
        check_compatible(recipe("synthesis"), old)
    wrong = adapt(recipe("segmentation"), dataset.manifest)
    with pytest.raises(UserError, match="Loss 'l1' compares images"):
        check_compatible(wrong.model_copy(update={"losses": (LossTerm(name="l1"),)}), dataset.manifest)
    with pytest.raises(UserError, match="cannot be used for segmentation"):
        check_compatible(wrong.model_copy(update={"method": "supervised"}), dataset.manifest)
    ready = adapt(recipe("synthesis"), dataset.manifest)
    with pytest.raises(UserError, match="same labels"):
        check_compatible(ready, dataset.manifest.model_copy(update={"label_values": (0, 1, 2)}))


def test_synthesis_is_validated_by_images_generated_from_masks(tmp_path: Path) -> None:
    """An image generated correctly from its mask equals the real image."""
    dataset = grey_classes(tmp_path)
    recipe = adapt(find_recipe("cgan-masks-small"), dataset.manifest)
    drawing = RestorationModel(recipe, _Greys(), "greys")
    for pair in generated_pairs(drawing, dataset, ("test",), True, recipe.degradation):
        assert np.allclose(pair.generated, pair.real, atol=1e-6)
        assert pair.real.std() > 0
    finding = adapt(find_recipe("unet-segment-small"), dataset.manifest)
    with pytest.raises(UserError, match="gives masks, not images"):
        generated_pairs(RestorationModel(finding, _Greys(), "x"), dataset, ("test",), True, finding.degradation)


class _Greys(torch.nn.Module):
    """The grey level of each class, from one-hot masks."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        greys = torch.from_numpy(GREY_OF_CLASS / 255).float()
        return (x * greys[:, None, None]).sum(1, keepdim=True)

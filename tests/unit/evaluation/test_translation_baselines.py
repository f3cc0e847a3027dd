"""Baselines of translation with any number of channels, and pictures of multi-channel inputs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.model_ref import BaselineRef
from sem_models.config.degradation import Blur, Degradation
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe, TaskName
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import baselines_for
from sem_models.evaluation.baselines.translation import constant_baseline
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import RestorationModel
from sem_models.networks.table import build_network
from sem_models.tasks.models import benchmark_of, evaluate_model
from sem_models.validation.panels import picture
from tests.support.images import smooth_images


@pytest.fixture
def pairs(tmp_path: Path) -> Dataset:
    """Pairs with colour inputs, and targets that become darker from specimen to specimen."""
    for index, image in enumerate(smooth_images(5)):
        colour = np.stack([image, image // 2, 255 - image], axis=2)
        for folder, pixels in (("in", colour), ("out", image[:, :, None] // (index + 1))):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_micrograph(tmp_path / folder / f"S{index}.tif", Micrograph(pixels))
    options = PrepareOptions(name="p", raw=(tmp_path / "in",), kind="paired", target=tmp_path / "out")
    return write_dataset(plan_dataset(options), tmp_path / "p")


def model(task: TaskName) -> RestorationModel:
    network = UNetConfig(channels_in=3, depth=1, width=4)
    recipe = Recipe(name="r", summary="", task=task, network=network, degradation=Degradation(scale=1))
    return RestorationModel(recipe, build_network(network).eval(), "r")


def test_constant_is_the_mean_of_training_targets_alone(pairs: Dataset) -> None:
    baseline = constant_baseline(pairs)
    train = np.concatenate([pairs.array(entry, "target").ravel() for entry in pairs.entries("train")])
    assert baseline.value == pytest.approx(train.mean() / 255, abs=1e-6)
    assert torch.equal(baseline(torch.rand(2, 6, 4, 5)), torch.full((2, 1, 4, 5), baseline.value))


def test_table_of_a_translation_has_its_baselines_with_the_scores_of_numpy(pairs: Dataset) -> None:
    report = evaluate_model(model("translation"), pairs, "test", Degradation(scale=1))
    assert report.methods[1:] == ("baseline:identity", "baseline:constant")
    (entry,) = pairs.entries("test")
    inner = np.s_[1:-1, 1:-1]
    target = pairs.array(entry, "target")[..., 0][inner] / 255
    given = {
        "baseline:identity": pairs.array(entry, "input").mean(axis=2)[inner] / 255,
        "baseline:constant": np.full_like(target, constant_baseline(pairs).value),
    }
    for name, output in given.items():
        assert report.values(name, "mse")[0] == pytest.approx(np.mean((output - target) ** 2), rel=1e-4)


def test_other_tasks_keep_their_baselines(pairs: Dataset) -> None:
    forward = Degradation(scale=1)
    of_denoising = [baseline.name for baseline in benchmark_of(model("denoising"), pairs, forward).baselines]
    assert of_denoising == [baseline.name for baseline in baselines_for(forward)]
    beside_itself = benchmark_of(constant_baseline(pairs), pairs, forward).baselines
    assert [baseline.name for baseline in beside_itself] == ["baseline:identity", "baseline:constant"]


@pytest.mark.parametrize("forward", [Degradation(scale=2), Degradation(scale=1), Degradation(scale=1, blur=Blur())])
def test_every_baseline_takes_several_channels_as_their_mean(forward: Degradation) -> None:
    x = torch.rand(1, 3, 40, 48)
    for baseline in baselines_for(forward):
        whole, grey = baseline(x), baseline(x.mean(1, keepdim=True))
        assert whole.shape[1] == 1
        assert torch.allclose(whole, grey, atol=1e-6), baseline.name


def test_constant_is_nothing_without_a_dataset() -> None:
    from pipelines.models import resolve_model

    with pytest.raises(UserError, match="mean of a dataset's training targets"):
        resolve_model(BaselineRef("constant"))


@pytest.mark.parametrize(("channels", "shape"), [(1, (512, 30)), (2, (512, 30)), (3, (512, 30, 3)), (6, (512, 30, 3))])
def test_pictures_show_channels_and_no_mean_of_them(channels: int, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).random((channels, 600, 30)).astype(np.float32)
    shown = picture(image)
    assert shown.shape == shape
    assert np.array_equal(shown if shown.ndim == 2 else shown[..., 0], image[0, 44:556])

"""How often a discriminator is asked, and that asking less often changes no weight."""

from collections import Counter
from pathlib import Path

import pytest
import torch

from sem_models.datasets.dataset import Dataset
from sem_models.losses.adversarial import generator_compares, generator_loss
from sem_models.methods import adversarial_losses
from sem_models.networks.discriminators import PatchDiscriminator
from sem_models.training.checkpoint import LAST, load_state
from sem_models.training.trainer import train
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

STEPS = 3
"""Adversarial steps of a short recipe."""


def trained(gan: str, dataset: Dataset, folder: Path) -> dict:
    recipe = short("srgan-x2-small", "train.patch=32", f"adversarial.gan={gan}")
    train(recipe, dataset, folder, Recorder())
    return load_state(folder / LAST)["networks"]


@pytest.mark.parametrize(("gan", "calls"), [("bce", 3), ("lsgan", 3), ("relativistic", 4)])
def test_real_images_are_shown_only_where_the_loss_compares_with_them(
    gan: str, calls: int, small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step asks once for the generator and twice for the discriminator; a relativistic generator asks again."""
    counted: Counter[str] = Counter()
    forward = PatchDiscriminator.forward

    def count(self: PatchDiscriminator, x: torch.Tensor) -> torch.Tensor:
        counted["calls"] += 1
        return forward(self, x)

    monkeypatch.setattr(PatchDiscriminator, "forward", count)
    trained(gan, small_dataset, tmp_path / gan)
    assert counted["calls"] == calls * STEPS


@pytest.mark.parametrize("gan", ["bce", "lsgan"])
def test_weights_are_the_same_as_when_real_images_were_shown_every_time(
    gan: str, small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of earlier versions continue exactly; only running statistics of batch norm, which nothing reads, differ."""
    now = trained(gan, small_dataset, tmp_path / "now")
    monkeypatch.setattr(adversarial_losses, "generator_compares", lambda _: True)
    before = trained(gan, small_dataset, tmp_path / "before")
    for part, weights in before.items():
        learned = [name for name in weights if "running_" not in name and "num_batches" not in name]
        assert learned
        assert all(torch.equal(now[part][name], weights[name]) for name in learned), part


def test_a_relativistic_generator_needs_real_images() -> None:
    fake = torch.zeros(2, 1)
    assert [generator_compares(gan) for gan in ("bce", "lsgan", "relativistic")] == [False, False, True]
    with pytest.raises(ValueError, match="compared with real images"):
        generator_loss("relativistic", None, fake)
    for gan in ("bce", "lsgan"):
        assert generator_loss(gan, None, fake) == generator_loss(gan, torch.ones(2, 1), fake)

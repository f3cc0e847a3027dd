"""How often a discriminator is asked, and that asking less often changes no weight."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from sem_models.datasets.dataset import Dataset
from sem_models.losses.adversarial import discriminator_loss, generator_compares, generator_loss
from sem_models.methods import adversarial_losses
from sem_models.methods.adversarial_losses import AdversarialLoss
from sem_models.methods.assembly import Assembly
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


@pytest.mark.parametrize("gan", ["bce", "lsgan", "relativistic"])
def test_each_image_is_shown_once_in_a_step(
    gan: str, small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the discriminator says about an output, for the generator, serves in its own turn again."""
    counted: Counter[str] = Counter()
    forward = PatchDiscriminator.forward

    def count(self: PatchDiscriminator, x: torch.Tensor) -> torch.Tensor:
        counted["calls"] += 1
        return forward(self, x)

    monkeypatch.setattr(PatchDiscriminator, "forward", count)
    trained(gan, small_dataset, tmp_path / gan)
    assert counted["calls"] == 2 * STEPS


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


@pytest.mark.parametrize("gan", ["bce", "relativistic"])
def test_gradients_are_those_of_separate_passes(gan: str) -> None:
    """Written plainly, with a pass for each loss, generator and discriminator get the same gradients."""
    recipe = short("srgan-x2-small", f"adversarial.gan={gan}", "adversarial.discriminator.norm=instance")
    assert recipe.adversarial is not None
    torch.manual_seed(0)
    assembly = Assembly(Fabric(accelerator="cpu", devices=1))
    part = AdversarialLoss("discriminator", 0.3, recipe, assembly)
    judge = assembly.networks["discriminator"]
    made, target = torch.rand(2, 1, 64, 64, requires_grad=True), torch.rand(2, 1, 64, 64)
    part.generator_loss(made, target).backward()
    assert all(p.grad is None for p in judge.parameters())
    part.discriminator_loss(made.detach(), target)["discriminator"].backward()
    of_judge = [p.grad.clone() for p in judge.parameters()]
    plain = 0.3 * generator_loss(gan, judge(target).detach(), judge(made))
    assert torch.equal(made.grad, torch.autograd.grad(plain, made)[0])
    judging = discriminator_loss(gan, judge(target), judge(made.detach()))
    assert all(map(torch.equal, of_judge, torch.autograd.grad(judging, list(judge.parameters()))))
    other = torch.rand(2, 1, 64, 64)
    part.generator_loss(made, target)
    of_other = part.discriminator_loss(other, target)["discriminator"]
    assert torch.equal(of_other, discriminator_loss(gan, judge(target), judge(other))), "an output of an earlier step"

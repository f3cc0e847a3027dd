"""The truth reaches losses and discriminators, never the generator: the fault of SINSR's original code.

Everything that enters the generator or any module inside it is recorded while a method learns, once with one target
and once with another, the degraded input being the same. Two things see the truth by design, and only these: dSRVAE's
stage 1 draws from a code of the clean patch (the encoder is no part of the restorer and restoring takes the code 0),
and its stage 2 also enlarges the clean low-resolution patch, to compare it with what it makes of the degraded one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.sampling import degraded_crops
from sem_models.methods.adversarial import AdversarialRestoration
from sem_models.methods.stages import ADVERSARIAL, ENCODER, RESTORER, Stage
from sem_models.methods.table import METHODS, build_method, stages
from sem_models.physics.downsampling import downsample
from sem_models.tasks.batches import BatchSource
from sem_models.training.hardware import bare
from tests.support.domains import flat_images
from tests.support.small_recipes import fake_perceptual, narrow

WAYS_IN = ("forward", "with_gradient", "enlarge", "clean", "denoise")
Calls = list[tuple[str, list[Tensor]]]
ADVERSARIALS = [name for name, recipe in RECIPES.items() if recipe.method == "adversarial"]
VARIATIONALS = [name for name, recipe in RECIPES.items() if recipe.method == "variational"]
CYCLES = [name for name, recipe in RECIPES.items() if recipe.method == "cycle"]


@pytest.fixture(autouse=True)
def _features(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_perceptual(monkeypatch)


def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def batch(recipe: Recipe, truth: int) -> dict[str, Tensor]:
    """The same degraded input with any target, which need not belong to it."""
    size, n = recipe.train.patch, recipe.train.batch
    facts = capabilities(recipe.network)
    low, channels = size // facts.scale, facts.channels_in
    generator = torch.Generator().manual_seed(truth)
    return {
        "input": torch.rand(n, channels, low, low, generator=torch.Generator().manual_seed(99)),
        "target": torch.rand(n, 1, size, size, generator=generator),
    }


class Spy:
    """Records the inputs of all methods of a network and of all modules inside it."""

    def __init__(self, network: nn.Module) -> None:
        self.calls: Calls = []
        self.inside: Calls = []
        for name in WAYS_IN:
            if not isinstance(getattr(network, name, nn.Identity()), nn.Module):
                setattr(network, name, self._watched(name, getattr(network, name)))
        for name, module in network.named_modules():
            module.register_forward_pre_hook(lambda _, given, name=name: self.inside.append((name, tensors(given))))

    def _watched(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.calls.append((name, tensors((*given, *named.values()))))
            return method(*given, **named)

        return call


def tensors(given: Any) -> list[Tensor]:
    if isinstance(given, Tensor):
        return [given.detach().clone()]
    return [found for part in given for found in tensors(part)] if isinstance(given, list | tuple) else []


def learn(recipe: Recipe, stage: Stage, truth: int) -> tuple[Spy, Tensor | None]:
    """One step of the stage from fixed weights and random numbers; returns what the spy recorded, and the output."""
    torch.manual_seed(0)
    method = build_method(recipe, fabric())
    spy = Spy(bare(method.network))
    given = batch(recipe, truth)
    for part in stage.parts:
        losses = method.training_step(given, part, stage)
        assert all(torch.isfinite(loss) for loss in losses.values())
        torch.stack(list(losses.values())).sum().backward()
    return spy, getattr(method, "_output", None)


def assert_same(a: Calls, b: Calls) -> None:
    assert len(a) == len(b)
    for (name, one), (other_name, other) in zip(a, b, strict=True):
        assert name == other_name
        assert len(one) == len(other)
        assert all(torch.equal(x, y) for x, y in zip(one, other, strict=True)), f"{name} saw the truth"


def test_every_method_with_a_generator_is_watched() -> None:
    assert {RECIPES[name].method for name in ADVERSARIALS + VARIATIONALS + CYCLES} == set(METHODS) - {
        "supervised",
        "blind-spot",
        "blind-network",
        "noise2noise",
        "segmentation",
        "diffusion",  # learns from the noised truth by design; drawing takes condition and noise alone
    }
    assert len(ADVERSARIALS) >= 20
    assert len(VARIATIONALS) >= 4
    assert len(CYCLES) >= 2


@pytest.mark.parametrize("name", ADVERSARIALS)
def test_the_generator_sees_only_the_degraded_image(name: str) -> None:
    recipe = narrow(RECIPES[name])
    for stage in stages(recipe):
        (a, output_a), (b, output_b) = learn(recipe, stage, truth=1), learn(recipe, stage, truth=2)
        assert a.calls, "the spy must have seen the generator work"
        assert len(a.inside) > 5
        assert_same(a.calls, b.calls)
        assert_same(a.inside, b.inside)
        entered = batch(recipe, 1)["input"]
        assert all(torch.equal(given, entered) for _, arguments in a.calls for given in arguments)
        if stage.name == ADVERSARIAL:
            assert output_a is not None
            assert output_b is not None
            assert torch.equal(output_a, output_b)


class Leaky(AdversarialRestoration):
    """A leak that must be found: the generator of the second stage enlarges the downsampled target."""

    def training_step(self, batch, part, stage):
        scale = batch["target"].shape[-1] // batch["input"].shape[-1]
        return super().training_step({**batch, "input": downsample(batch["target"], scale, "bicubic_aa")}, part, stage)


def test_a_leak_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "adversarial", Leaky)
    with pytest.raises(AssertionError, match="saw the truth"):
        test_the_generator_sees_only_the_degraded_image("sinsr-gb-x2")


@pytest.mark.parametrize("name", VARIATIONALS)
def test_dsrvae_sees_the_truth_only_where_it_is_said(name: str) -> None:
    recipe = narrow(RECIPES[name])
    scale, entered = recipe.network.scale, batch(recipe, 1)["input"]
    denoising, adversarial = stages(recipe)
    (a, _), (b, _) = learn(recipe, denoising, truth=1), learn(recipe, denoising, truth=2)
    assert [call for call, _ in a.calls] == [call for call, _ in b.calls] == ["denoise"] * 2
    for (_, (x, code)), (_, (y, other_code)) in zip(a.calls, b.calls, strict=True):
        assert torch.equal(x, entered)
        assert torch.equal(y, entered)
        assert not torch.equal(code, other_code), "by design: a code of the clean patch"
    assert not torch.equal(a.calls[0][1][1], a.calls[1][1][1]), "a random code each time, of one and the same patch"
    (a, output_a), (b, output_b) = learn(recipe, adversarial, truth=1), learn(recipe, adversarial, truth=2)
    assert [call for call, _ in a.calls] == [call for call, _ in b.calls] == ["clean", "enlarge", "enlarge"]
    assert_same(a.calls[:2], b.calls[:2])
    assert torch.equal(a.calls[0][1][0], entered)
    for spy, truth in ((a, 1), (b, 2)):
        small = downsample(batch(recipe, truth)["target"], scale, recipe.degradation.downsampling)
        assert torch.equal(spy.calls[2][1][0], small), "by design: the clean patch at low resolution, not the target"
    assert output_a is not None
    assert output_b is not None
    assert torch.equal(output_a, output_b), "what is judged comes from the degraded image alone"


@pytest.mark.parametrize("name", VARIATIONALS)
def test_dsrvae_is_never_compared_with_its_own_target(name: str) -> None:
    """Detail of the target that is not in its low-resolution version changes only what the discriminator sees."""
    recipe = narrow(RECIPES[name])
    stage = stages(recipe)[1]
    given = batch(recipe, 1)
    torch.manual_seed(0)
    method = build_method(recipe, fabric())
    seen = []
    judged = method._adversarial_losses
    for call in ("generator_loss", "discriminator_loss"):
        monkey = getattr(judged, call)
        setattr(judged, call, lambda *a, monkey=monkey: seen.append(a[-1]) or monkey(*a))
    for part in stage.parts:
        method.training_step(given, part, stage)
    assert len(seen) == 2
    for sharp in seen:
        assert torch.equal(sharp, given["target"].roll(1, dims=0)), "patches of other places"
        assert not any(torch.equal(a, b) for a, b in zip(sharp, given["target"], strict=True))


@pytest.mark.parametrize("name", ADVERSARIALS + VARIATIONALS + CYCLES)
def test_what_is_shipped_needs_the_degraded_image_alone(name: str) -> None:
    """After a step of every stage, the output of the generator depends on its input, not on the training target."""
    recipe = narrow(RECIPES[name])
    torch.manual_seed(0)
    method = build_method(recipe, fabric())
    for stage in stages(recipe):
        for part in stage.parts:
            method.training_step(batch(recipe, 1), part, stage)
    restorer = bare(method.network).eval()
    x = batch(recipe, 1)["input"]
    with torch.inference_mode():
        expected = restorer(x)
        for stage in stages(recipe):
            for part in stage.parts:
                method.training_step(batch(recipe, 2), part, stage)
        restorer.eval()
        assert torch.equal(restorer(x), expected)
        assert expected.shape[-1] == x.shape[-1] * capabilities(recipe.network).scale


def test_the_encoder_is_no_part_of_what_is_shipped() -> None:
    recipe = narrow(RECIPES[VARIATIONALS[0]])
    torch.manual_seed(0)
    method = build_method(recipe, fabric())
    shipped = {id(p) for p in method.networks[RESTORER].parameters()}
    assert not shipped & {id(p) for p in method.networks[ENCODER].parameters()}
    assert stages(recipe)[1].name == ADVERSARIAL


@pytest.mark.parametrize("name", CYCLES)
def test_a_cycle_restores_from_the_input_alone(name: str) -> None:
    """What the judge is shown does not depend on the sharp domain.

    By design the restorer meets that domain too: degraded by the other generator, and as it is for the identity.
    """
    recipe = narrow(RECIPES[name])
    (stage,) = stages(recipe)
    entered, outputs = batch(recipe, 1)["input"], []
    for truth in (1, 2):
        torch.manual_seed(0)
        method = build_method(recipe, fabric())
        spy, given = Spy(bare(method.network)), batch(recipe, truth)
        method.training_step(given, RESTORER, stage)
        seen = [arguments[0] for _, arguments in spy.calls]
        assert len(seen) == 3
        assert torch.equal(seen[0], entered)
        assert torch.equal(seen[1], given["target"]), "the identity"
        assert not torch.equal(seen[2], given["target"]), "drawn by the other generator"
        outputs.append(method._directions["discriminator"].output)
    assert torch.equal(*outputs)


def test_a_cycle_never_meets_the_truth_of_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Single images are used for both domains. Each has its own grey level, so a crop identifies its image."""
    dataset = flat_images(tmp_path, 10)
    recipe = narrow(RECIPES["cyclegan-denoise-small"])
    degraded: list[Tensor] = []
    real = degraded_crops.degrade_windows
    monkeypatch.setattr(degraded_crops, "degrade_windows", lambda x, *rest: degraded.append(x) or real(x, *rest))
    source = BatchSource(recipe, dataset, torch.device("cpu"))
    met = [source.next() for _ in range(50)]
    truths = {round(float(level)) for crop in degraded for level in 255 * crop.mean((1, 2, 3))}
    targets = {round(float(level)) for given in met for level in 255 * given["target"].mean((1, 2, 3))}
    levels = {int(dataset.array(entry, "image").mean()) for entry in dataset.entries("train")}
    assert truths | targets == levels, "every training image is used"
    assert not truths & targets, "no image is ever seen both degraded and sharp"
    assert not any(torch.equal(given["input"], given["target"]) for given in met)

"""One row for each method, with its presets. Each learns, names its losses and resumes exactly in every stage."""

import math
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from sem_models.config.presets.table import RECIPES as PRESETS
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.methods.base import Method
from sem_models.methods.table import METHODS, build_method, stages
from sem_models.networks.table import build_network
from sem_models.tasks.batches import BatchSource
from sem_models.tasks.table import find_task
from sem_models.training.checkpoint import FOLDERS, load_state
from sem_models.training.trainer import train
from tests.support.masked_sets import with_masks
from tests.support.recorder import Recorder, assert_equal
from tests.support.small_recipes import fake_perceptual, narrow, short

SMALL = ("train.patch=32",)
DRAWING = ("train.precision=32-true", "diffusion.sampling.steps=2")
ROWS: dict[str, list[Recipe]] = {
    "supervised": [
        short("srresnet-x2-small", *SMALL),
        short("swinir-x2", *SMALL, "network.drop_path=0.3"),
        short("hat-x2", *SMALL, "network.drop_path=0.3"),
    ],
    "adversarial": [
        short("esrgan-x2-small", *SMALL, "adversarial.gradient_weight=0.01"),
        short("sinsr-gb-x2-small", *SMALL, "degradation.read_noise=0"),
        short("pix2pix-small", *SMALL, "task=denoising", "train.batch=1"),
    ],
    "variational": [short("dsrvae-x2-small")],
    "cycle": [short("cyclegan-denoise-small", *SMALL)],
    "blind-spot": [
        short("n2v-denoise-small", *SMALL),
        short("n2v-lines-denoise-small", *SMALL, "blind_spot.replacement=neighbour", "degradation.read_noise=0.05"),
    ],
    "blind-network": [
        short("blind-denoise-small", *SMALL, "degradation.read_noise=0.05"),
        short("blind-lines-denoise-small", *SMALL, "degradation.read_noise=0.05"),
    ],
    "noise2noise": [short("n2n-denoise-small", *SMALL)],
    "segmentation": [short("unet-segment-small", *SMALL, "network.channels_out=2")],
    "diffusion": [
        short("ddpm-small", *SMALL, *DRAWING),
        short("ddpm-small", *SMALL, *DRAWING, "task=denoising", "network.channels_in=1", "degradation.read_noise=0.3"),
    ],
}
RECIPES = [recipe for recipes in ROWS.values() for recipe in recipes]
LIFE = {"diversity", "checkerboard"}
JUDGED = [recipe for recipe in RECIPES if recipe.adversarial]
STAGED = [recipe for recipe in RECIPES if len(stages(recipe)) == 2]


@pytest.fixture(autouse=True)
def _features(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_perceptual(monkeypatch)
    # Six steps leave residuals correlated, for which the posterior mean is otherwise withheld with a warning.
    monkeypatch.setattr("sem_models.methods.calibration._CORRELATED", 10.0)
    monkeypatch.setattr("sem_models.methods.calibration._CROPS", 2)


@pytest.fixture
def small_dataset(small_dataset: Dataset, request: pytest.FixtureRequest) -> Dataset:
    """The dataset, with masks if the recipe learns from them."""
    recipe = getattr(request.node, "callspec", None) and request.node.callspec.params.get("recipe")
    return with_masks(small_dataset) if recipe and find_task(recipe).uses_masks(recipe) else small_dataset


def named(recipe: Recipe) -> str:
    return recipe.name


def built(recipe: Recipe) -> Method:
    torch.manual_seed(0)
    return build_method(recipe, Fabric(accelerator="cpu", devices=1))


def learned(network: nn.Module) -> set[str]:
    return {name for name, p in network.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}


def driven(method: Method, part: str) -> list[str]:
    """The networks that the optimiser of a part moves."""
    own = {id(parameter) for group in method.optimisers[part].param_groups for parameter in group["params"]}
    return [name for name, network in method.networks.items() if own & {id(p) for p in network.parameters()}]


def test_every_method_has_a_row() -> None:
    assert set(ROWS) == set(METHODS)


@pytest.mark.parametrize("recipe", RECIPES, ids=named)
def test_losses_are_named_and_reach_every_network(recipe: Recipe, small_dataset: Dataset) -> None:
    """Over all stages every parameter of every network is trained, and each part trains only its own networks."""
    method = built(recipe)
    assert set(method.optimisers) == {part for s in stages(recipe) for part in s.parts} <= set(method.networks)
    assert method.network in method.networks.values()
    moved = [name for part in method.optimisers for name in driven(method, part)]
    assert sorted(moved) == sorted(name for name, network in method.networks.items() if list(network.parameters()))
    batch = BatchSource(recipe, small_dataset, torch.device("cpu")).next()
    taught: dict[str, set[str]] = {name: set() for name in method.networks}
    for stage in stages(recipe):
        for part in stage.parts:
            for network in method.networks.values():
                network.zero_grad(set_to_none=True)
            losses = method.training_step(batch, part, stage)
            assert all(loss.shape == () and torch.isfinite(loss) for loss in losses.values())
            torch.stack(list(losses.values())).sum().backward()
            for name in driven(method, part):
                taught[name] |= learned(method.networks[name])
            # The encoder learns through the decoder of the restorer; that gradient is thrown away.
            others = set(method.networks) - set(driven(method, part)) - ({"restorer"} if part == "encoder" else set())
            assert not [name for name in others if learned(method.networks[name])]
    for part, network in method.networks.items():
        names = [name for name, _ in network.named_parameters()]
        # A relativistic loss looks at differences of logits: the last bias moves all of them alike and learns nothing.
        idle = {names[-1]} if "discriminator" in part and recipe.adversarial.gan == "relativistic" else set()
        assert taught[part] - idle == set(names) - idle


@pytest.mark.parametrize("recipe", RECIPES, ids=named)
def test_reported_loss_terms_are_those_of_the_recipe(recipe: Recipe, small_dataset: Dataset) -> None:
    method = built(recipe)
    batch = BatchSource(recipe, small_dataset, torch.device("cpu")).next()
    first, last = stages(recipe)[0], stages(recipe)[-1]
    if recipe.method == "cycle":
        way = {"adversarial", "cycle", "identity", "low_frequency"}
        assert set(method.training_step(batch, "restorer", last)) == way | {f"backward_{name}" for name in way}
        return
    told = {stage.name: set(method.training_step(batch, "restorer", stage)) for stage in (first, last)}
    if recipe.method != "variational":
        assert told[first.name] == {term.name for term in recipe.losses}
    if recipe.adversarial:
        judged = {"adversarial", *(["gradient_adversarial"] if recipe.adversarial.gradient_weight else [])}
        assert told[last.name] == {term.name for term in recipe.adversarial.losses} | judged


@pytest.mark.parametrize("recipe", JUDGED, ids=named)
def test_observations_are_reported_with_a_discriminator(recipe: Recipe, small_dataset: Dataset) -> None:
    method = built(recipe)
    batch = BatchSource(recipe, small_dataset, torch.device("cpu")).next()
    *before, last = stages(recipe)
    for first in before:
        for part in first.parts:
            method.training_step(batch, part, first)
    assert method.observations() == {}
    for part in last.parts:
        method.training_step(batch, part, last)
    seen = {name: float(value) for name, value in method.observations().items()}
    adversarial_losses = last.parts[1:]
    alike = "input_correlation" if recipe.cycle else "contrast"
    judged = {f"{part}/{side}" for part in adversarial_losses for side in ("real", "fake")}
    assert set(seen) == judged | LIFE | {alike}
    assert all(0 < seen[f"{judge}/{side}"] < 1 for judge in adversarial_losses for side in ("real", "fake"))
    if recipe.network.kind != "pix2pix":
        assert seen[alike] > 0.7, "an untrained generator gives its input, enlarged by a cubic"
    assert 0.5 < seen["diversity"] < 1.5


@pytest.mark.parametrize("recipe", JUDGED, ids=named)
def test_the_discriminators_part_needs_the_generators(recipe: Recipe, small_dataset: Dataset) -> None:
    batch = BatchSource(recipe, small_dataset, torch.device("cpu")).next()
    with pytest.raises(RuntimeError, match=r"generators? must be updated before"):
        built(recipe).training_step(batch, "discriminator", stages(recipe)[-1])


class Run:
    """A whole run of six steps, to be compared with interrupted ones."""

    def __init__(self, recipe: Recipe, dataset: Dataset, folder: Path) -> None:
        self.recipe, self.dataset, self.folder, self.recorder = recipe, dataset, folder, Recorder()
        self.done = 0

    def go(self, until: int = 99, resume: bool = False) -> int:
        calls = iter(range(99))
        stop = until - self.done
        self.done = train(
            self.recipe, self.dataset, self.folder, self.recorder, resume, should_stop=lambda: next(calls) >= stop
        ).step
        return self.done

    def state(self, kind) -> dict:
        return load_state(self.folder / FOLDERS[kind])


@pytest.mark.parametrize("recipe", RECIPES, ids=named)
def test_resume_is_exact(recipe: Recipe, small_dataset: Dataset, tmp_path: Path) -> None:
    """Stopped before, exactly at and after the boundary between stages, which lies behind three of six steps.

    One run takes all three stops: what any of them lost or changed would still show at the end.
    """
    whole = Run(recipe, small_dataset, tmp_path / "whole")
    assert whole.go() == 6
    kinds = ("last", "best", "stage") if recipe in STAGED else ("last", "best")
    parts = Run(recipe, small_dataset, tmp_path / "parts")
    for stop in (2, 3, 4):
        assert parts.go(until=stop, resume=stop > 2) == stop
    assert parts.go(resume=True) == 6
    for kind in kinds:
        assert assert_equal(whole.state(kind), parts.state(kind), f"{kind} after three stops") > 20
    assert whole.recorder.values == parts.recorder.values
    assert not parts.recorder.warnings


@pytest.mark.parametrize("recipe", STAGED, ids=named)
def test_a_second_stage_begins_anew(recipe: Recipe, small_dataset: Dataset, tmp_path: Path) -> None:
    """The optimiser state of the first stage is discarded; learning rate and constants are those of the second."""
    first, last = stages(recipe)
    assert (first.end, last.first, last.end) == (3, 3, 6)
    run = Run(recipe, small_dataset, tmp_path / "run")
    run.go(until=4)
    state = run.state("last")
    before = run.state("stage")
    assert before["progress"]["step"] == 3
    assert {float(m["step"]) for m in before["optimisers"]["restorer"]["state"].values()} == {3.0}
    for part in last.parts:
        moments = state["optimisers"][part]["state"].values()
        assert {float(moment["step"]) for moment in moments} == {1.0}, part
        (group,) = state["optimisers"][part]["param_groups"]
        assert group["lr"] == last.rate(part, 3)
        assert tuple(group["betas"]) == recipe.adversarial.optimiser.betas
    for idle in set(first.parts) - set(last.parts):
        assert {float(m["step"]) for m in state["optimisers"][idle]["state"].values()} == {3.0}
    assert state["progress"]["best"] == {}, "the best of the stage before is none of this one's business"


@pytest.mark.parametrize("recipe", STAGED, ids=named)
def test_the_second_stage_keeps_its_newest_weights(recipe: Recipe, small_dataset: Dataset, tmp_path: Path) -> None:
    run = Run(recipe, small_dataset, tmp_path / "run")
    run.go()
    assert run.state("best")["progress"]["best_step"] == 6
    kept = [(step, kind) for step, _, kind in run.recorder.checkpoints]
    # Every five steps, at the boundary and at the end.
    assert kept == [
        (2, "last"), (3, "best"), (3, "stage"), (4, "last"), (5, "best"), (6, "best"), (6, "last"),
    ]  # fmt: skip
    told = {key for step, key in run.recorder.values if step > 3}
    assert {"watch/contrast", "watch/diversity", "watch/discriminator/real", "watch/discriminator/fake"} <= told
    assert not {key for step, key in run.recorder.values if step <= 3 and key.startswith("watch/")}


def test_divergence_of_codes_in_closed_form(small_dataset: Dataset) -> None:
    """A normal of mean m and variance e^v against the standard one: (m^2 + e^v - 1 - v) / 2 for each of the codes."""
    (recipe,) = ROWS["variational"]
    method = built(recipe)
    encoder = method.networks["encoder"]
    for layer, value in ((encoder.mean, 0.3), (encoder.log_variance, -0.7)):
        nn.init.zeros_(layer.weight)
        nn.init.constant_(layer.bias, value)
    batch = BatchSource(recipe, small_dataset, torch.device("cpu")).next()
    losses = method.training_step(batch, "encoder", stages(recipe)[0])
    expected = recipe.network.code * (0.3**2 + math.exp(-0.7) - 1 + 0.7) / 2
    assert losses["code_kl"].item() == pytest.approx(1e-3 * expected, rel=1e-5)


@pytest.mark.parametrize("name", ["dsrvae-x2-small", "esrgan-x2-small"])
def test_trained_features_fit_in_and_teach(
    name: str, small_dataset: Dataset, torch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real VGG16: its features have the size that the encoder needs, and the perceptual loss is reported."""
    monkeypatch.undo()
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    recipe = narrow(find_recipe(name))
    method = built(recipe)
    batch = BatchSource(recipe, small_dataset, torch.device("cpu")).next()
    for stage in stages(recipe):
        for part in stage.parts:
            losses = method.training_step(batch, part, stage)
            assert all(torch.isfinite(loss) for loss in losses.values())
            if part == "restorer" and stage.name == "adversarial":
                method.network.zero_grad(set_to_none=True)
                losses["perceptual_vgg16"].backward()
                assert learned(method.network), "the released dSRVAE detached it"


@pytest.mark.parametrize("recipe", PRESETS.values(), ids=list(PRESETS))
def test_no_preset_keeps_running_statistics_of_single_images(recipe: Recipe) -> None:
    """Statistics over a batch of one are those of one image: another image has others."""
    if recipe.train.batch > 1:
        return
    discriminator = recipe.adversarial and recipe.adversarial.discriminator
    assert getattr(discriminator, "norm", None) != "batch"
    with torch.device("meta"):
        network = build_network(recipe.network)
    assert not [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]

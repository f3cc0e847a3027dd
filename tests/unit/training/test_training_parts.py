"""Overrides, schedules, weight averaging, guard and remaining time."""

import copy
import math
from types import SimpleNamespace

import psutil
import pytest
import torch
from torch import nn

from sem_models.config.networks.table import capabilities
from sem_models.config.overrides import override
from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.config.recipe import Recipe
from sem_models.config.training import Optimiser, Schedule, learning_rate
from sem_models.datasets.manifest import Manifest
from sem_models.errors import UserError
from sem_models.methods.optimisers import build_optimiser, continue_from, skips_by_itself
from sem_models.tasks.compatibility import refuse_ignored
from sem_models.training.ema import Averages, ExponentialMovingAverage
from sem_models.training.monitoring import StepLogger, Throughput
from sem_models.training.optimiser_steps import FiniteGuard, TrainingDiverged


def test_recipes_survive_json_and_scales_agree() -> None:
    for recipe in RECIPES.values():
        assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
        assert capabilities(recipe.network).scale == recipe.degradation.scale
        assert recipe.train.patch % recipe.degradation.scale == 0


def test_override() -> None:
    recipe = override(
        find_recipe("vdsr-x4-small"), ["train.steps=200", "optimiser.betas=0.5,0.9", "train.early_stop=3"]
    )
    assert (recipe.train.steps, recipe.optimiser.betas, recipe.train.early_stop) == (200, (0.5, 0.9), 3)
    assert override(recipe, ["train.early_stop=none"]).train.early_stop is None
    assert find_recipe("vdsr-x4-small").train.steps != 200


@pytest.mark.parametrize(
    ("text", "message"),
    [("train.step=3", "valid here: batch"), ("steps", "KEY=VALUE"), ("train.steps=-1", "greater than or equal"),
     ("nothing.at.all=1", "no such setting"), ("degradation.downsampling=box", "bicubic_aa"),
     ("network.depth=2", r"^network\.depth=2: input should be greater"),
     ("method=adversarial", r"^method=adversarial: method adversarial needs adversarial settings\.$"),
     ("degradation.blur=gaussian", r"blur=gaussian: this is a group of settings; set degradation\.blur\.kernel.*=none"),
     ("adversarial.weight=1", "no such setting"), ("network.kind=lenet", r"^network\.kind=lenet: .*'swinir'")],
)  # fmt: skip
def test_bad_overrides_say_what_is_valid(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        override(find_recipe("vdsr-x4"), [text])


@pytest.mark.parametrize(
    ("text", "message"),
    [("adversarial.discriminator.size=100", r"^adversarial\.discriminator\.size=100: .*multiple of 32"),
     ("adversarial.first_share=1", r"^adversarial\.first_share=1: .*less than 1"),
     ("adversarial.gan=wgan", r"adversarial\.gan=wgan: .*'bce', 'relativistic' or 'lsgan'"),
     ("adversarial.discriminator.halvings=1", "valid here: channels, kind, size, width"),
     ("adversarial=none", "method adversarial needs adversarial settings"),
     ("method=supervised", "method supervised takes no adversarial settings")],
)  # fmt: skip
def test_bad_overrides_of_two_stages_say_what_is_valid(text: str, message: str) -> None:
    """Keys are named as users write them, without pydantic's name of the variant (`discriminator.vgg.size`)."""
    with pytest.raises(UserError, match=message):
        override(find_recipe("esrgan-x4"), [text])


def test_a_forward_model_that_pairs_would_ignore_is_refused() -> None:
    """Pairs have their own inputs, so degradation settings would be ignored silently."""
    pairs = Manifest(name="frames", kind="paired", group_by="", seed=0, entries=())
    preset = find_recipe("nafnet-denoise-small")
    refuse_ignored(preset, pairs)
    changed = override(preset, ["degradation.dose_e_per_px=7"])
    refuse_ignored(changed, pairs.model_copy(update={"kind": "single"}))
    with pytest.raises(UserError, match="'frames' is paired and contains its inputs"):
        refuse_ignored(changed, pairs)
    masked = pairs.model_copy(update={"kind": "masked"})
    noise = ["degradation.dose_e_per_px=7"]
    refuse_ignored(override(find_recipe("unet-segment-small"), noise), masked)
    for drawing in ("cgan-masks-small", "ddpm-small"):
        refuse_ignored(find_recipe(drawing), masked)
        with pytest.raises(UserError, match="generate images as they are"):
            refuse_ignored(override(find_recipe(drawing), noise), masked)


def test_overrides_reach_the_second_stage() -> None:
    changes = ["adversarial.first_share=0", "adversarial.optimiser.betas=0.5,0.9", "adversarial.discriminator.size=64"]
    recipe = override(find_recipe("esrgan-x4"), changes)
    assert recipe.adversarial is not None
    assert recipe.adversarial.first_share == 0
    assert recipe.adversarial.optimiser.betas == (0.5, 0.9)
    assert recipe.adversarial.discriminator.size == 64
    assert recipe.optimiser == find_recipe("esrgan-x4").optimiser


def test_unknown_recipe_suggests_similar_ones() -> None:
    with pytest.raises(UserError, match="Did you mean sinsr-x4, sinsr-x2 or sinsr-gb-x4"):
        find_recipe("sinsr")


def test_schedules_in_closed_form() -> None:
    cosine = Schedule(name="cosine", warmup_steps=10, final_fraction=0.1)
    assert learning_rate(1.0, cosine, 0, 110) == pytest.approx(0.1)
    assert learning_rate(1.0, cosine, 9, 110) == pytest.approx(1.0)
    assert learning_rate(1.0, cosine, 60, 110) == pytest.approx(0.1 + 0.9 * (1 + math.cos(math.pi / 2)) / 2)
    assert learning_rate(1.0, cosine, 110, 110) == pytest.approx(0.1)
    steps = Schedule(name="multistep", milestones=(0.5, 0.75), gamma=0.1)
    assert [learning_rate(1.0, steps, s, 100) for s in (0, 49, 50, 75)] == pytest.approx([1, 1, 0.1, 0.01])
    linear = Schedule(name="linear", decay_from=0.5, final_fraction=0.0)
    assert [learning_rate(2.0, linear, s, 100) for s in (0, 50, 60, 75, 99, 100)] == pytest.approx(
        [2, 2, 1.6, 1, 0.04, 0]
    )
    late = Schedule(name="linear", decay_from=0.8, final_fraction=0.1)
    assert [learning_rate(1.0, late, s, 10) for s in (8, 9, 10)] == pytest.approx([1, 0.55, 0.1])


def test_average_of_constant_and_of_a_jump() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = ExponentialMovingAverage(network, 0.9)
    nn.init.ones_(network.weight)
    expected = 0.0
    for n in range(1, 30):
        average.update()
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay)
    assert average.weights["weight"].item() == pytest.approx(expected, rel=1e-5)
    plain = ExponentialMovingAverage(network, 0.0)
    nn.init.constant_(network.weight, 3.0)
    plain.update()
    assert torch.equal(plain.weights["weight"], network.weight)


def test_both_generators_of_a_cycle_are_averaged_alike() -> None:
    """With equal weights the averages are equal, at each update and after resuming."""
    restorer, backward = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    for network in (restorer, backward):
        nn.init.zeros_(network.weight)
    both = Averages(restorer, backward, 0.9)
    for value in (1.0, 4.0, 2.0):
        for network in (restorer, backward):
            nn.init.constant_(network.weight, value)
        both.update()
        assert both.backward is not None
        assert both.backward["weight"].item() == both.weights["weight"].item() != 0
    resumed = Averages(restorer, backward, 0.9)
    resumed.load_state_dict(both.state_dict())
    assert resumed.backward == both.backward
    assert Averages(restorer, None, 0.9).backward is None


def test_guard_counts_only_failures_in_a_row() -> None:
    guard = FiniteGuard(torch.device("cpu"))

    def sees(loss: float, norm: float) -> bool:
        return bool(guard.sees(torch.tensor(loss), torch.tensor(norm)))

    assert sees(0.5, 1.0)
    assert not any(sees(math.nan, 1.0) for _ in range(9))
    assert not guard.is_calm
    assert sees(0.5, 1.0)
    assert guard.is_calm
    assert not any(sees(0.5, math.inf) for _ in range(9))
    guard.refuse_divergence(4, "optimiser.lr", 1e-3)
    sees(0.5, math.inf)
    sees(0.5, 1.0)
    with pytest.raises(TrainingDiverged, match=r"step 9: the gradient.*optimiser.lr .now 0.001"):
        guard.refuse_divergence(9, "optimiser.lr", 1e-3)


def test_estimate_counts_validations_in() -> None:
    throughput = Throughput(validate_every=10)
    for _ in range(5):
        throughput.step(0.5)
    throughput.validation(4.0)
    assert throughput.steps_per_s == pytest.approx(2.0)
    assert throughput.seconds_left(20) == pytest.approx(20 * 0.5 + 2 * 4.0)


def test_each_report_says_how_much_memory_is_held() -> None:
    reports: list[tuple[int, dict[str, float]]] = []
    reporter = SimpleNamespace(metrics=lambda *report: reports.append(report), progress=lambda *_: None)
    method = SimpleNamespace(observations=dict)
    recipe = override(find_recipe("unet-translate-small"), ["train.log_every=2"])
    step_logger = StepLogger(recipe, method, reporter, torch.device("cpu"))
    for step in (1, 2, 3):
        step_logger.step(step, 1e-3, {}, seconds=0.1, data_s=0.0)
    ((step, values),) = reports
    assert step == 2
    assert values["speed/memory_mib"] == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.1)


def test_a_loss_is_weighed_added_and_left_out_by_name() -> None:
    recipe = override(find_recipe("sinsr-x4-small"), ["adversarial.losses.gradient=0.25", "losses.mse=2"])
    assert recipe.adversarial is not None
    weights = {term.name: term.weight for term in recipe.adversarial.losses}
    assert weights["gradient"] == 0.25
    assert {term.name: term.weight for term in recipe.losses} == {"charbonnier": 1.0, "mse": 2.0}
    without = override(recipe, ["adversarial.losses.gradient=0"])
    assert without.adversarial is not None
    assert {term.name for term in without.adversarial.losses} == set(weights) - {"gradient"}
    with pytest.raises(UserError, match=r"losses\.0\.weight=-1|greater than or equal to 0"):
        override(recipe, ["losses.mse=-1"])
    with pytest.raises(UserError, match="losses"):
        override(find_recipe("srresnet-x4-small"), ["losses.charbonnier=0"])
    with pytest.raises(UserError, match=r"adversarial\.losses\.grad=0.*no such term.*the terms are .*gradient"):
        override(recipe, ["adversarial.losses.grad=0"])
    with pytest.raises(UserError, match="no such setting"):
        override(recipe, ["optimiser.betas.0=0.9"])


def test_an_optimiser_of_an_earlier_version_goes_on_fused() -> None:
    """It updated its parameters one by one; the next update is the same, or is skipped if it is not finite."""
    torch.manual_seed(0)
    network, twin = nn.Linear(3, 2), nn.Linear(3, 2)
    old = torch.optim.Adam(network.parameters(), 0.1)
    new = build_optimiser(Optimiser(lr=0.1, betas=(0.9, 0.999)), twin.parameters())

    def step(optimiser: torch.optim.Optimizer, trained: nn.Linear) -> None:
        optimiser.zero_grad()
        trained(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()

    step(old, network)
    twin.load_state_dict(network.state_dict())
    continue_from(new, copy.deepcopy(old.state_dict()))
    assert new.param_groups[0]["fused"]
    before = twin.weight.detach().clone()
    new.found_inf = torch.ones(())
    step(new, twin)
    assert torch.equal(twin.weight, before)
    new.found_inf = torch.zeros(())
    step(new, twin)
    step(old, network)
    torch.testing.assert_close(twin.weight, network.weight)
    assert skips_by_itself(new) and not skips_by_itself(old)

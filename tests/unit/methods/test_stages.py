"""Stages and their steps, learning rates of each stage, and refusal of each kind of recipe that cannot train."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from pipelines.train.begun_recipe import begun_from
from sem_models.config.networks.discriminators import PatchDiscriminatorConfig, StructureDiscriminatorConfig
from sem_models.config.overrides import override
from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser
from sem_models.config.validation_scores import PSNR
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.storage import load_weights, save_model
from sem_models.methods.health import health
from sem_models.methods.optimisers import build_optimiser, constants
from sem_models.methods.recipe_check import check_recipe
from sem_models.methods.table import stage_at, stages
from sem_models.networks.discriminators import build_discriminator
from sem_models.networks.table import build_network
from sem_models.tasks.compatibility import check_compatible
from sem_models.training.checkpoint import FOLDERS, LAST, load_state
from sem_models.training.monitoring import GanWatch, StepLogger
from sem_models.training.state import Counters
from sem_models.training.trainer import train
from tests.support.recorder import Recorder, assert_equal
from tests.support.small_recipes import fake_perceptual, short


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_stages_add_up(name: str, steps: int) -> None:
    recipe = override(find_recipe(name), [f"train.steps={steps}"])
    found = stages(recipe)
    assert sum(stage.steps for stage in found) == steps
    assert found[0].first == 0
    assert found[-1].end == steps
    for before, after in pairwise(found):
        assert before.end == after.first
    for stage in found:
        assert stage.steps > 0
        assert stage.parts[0] == "restorer"
        assert stage_at(recipe, stage.first) == stage_at(recipe, stage.end - 1) == stage


@pytest.mark.parametrize(
    ("share", "steps", "expected"),
    [(0, 10, [("adversarial", 10)]), (0.5, 10, [("pixel", 5), ("adversarial", 5)]), (0.04, 10, [("adversarial", 10)]),
     (0.999, 10, [("pixel", 9), ("adversarial", 1)]), (0.8, 3000, [("pixel", 2400), ("adversarial", 600)])],
)  # fmt: skip
def test_share_of_the_first_stage(share: float, steps: int, expected: list[tuple[str, int]]) -> None:
    recipe = override(find_recipe("esrgan-x4-small"), [f"train.steps={steps}", f"adversarial.first_share={share}"])
    assert [(stage.name, stage.steps) for stage in stages(recipe)] == expected


def test_parts_by_method() -> None:
    parts = {name: [stage.parts for stage in stages(find_recipe(name))] for name in RECIPES}
    assert parts["swinir-x4"] == [("restorer",)]
    assert parts["esrgan-x4"] == [("restorer",), ("restorer", "discriminator")]
    assert parts["spsr-x2-small"][1] == ("restorer", "discriminator", "gradient_discriminator")
    assert parts["dsrvae-x4"] == [("restorer", "encoder"), ("restorer", "discriminator")]


def test_each_stage_has_its_own_rate_and_schedule() -> None:
    changes = ["train.steps=100", "optimiser.lr=1e-3", "schedule.name=constant", "adversarial.first_share=0.5"]
    second = ["adversarial.optimiser.lr=1e-4", "adversarial.discriminator_rate=3", "adversarial.schedule.gamma=0.5"]
    recipe = override(find_recipe("esrgan-x4"), [*changes, *second, "adversarial.schedule.milestones=0.5,0.8"])
    first, last = stages(recipe)
    assert [first.rate("restorer", step) for step in (0, 49)] == pytest.approx([1e-3, 1e-3])
    # Half of the second stage is at step 75, four fifths at 90.
    assert [last.rate("restorer", step) for step in (50, 74, 75, 89, 90)] == pytest.approx(
        [1e-4, 1e-4, 5e-5, 5e-5, 2.5e-5]
    )
    assert last.rate("discriminator", 50) == pytest.approx(3e-4)
    assert last.rate("gradient_discriminator", 50) == pytest.approx(3e-4)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_constants_of_a_stage_are_those_of_its_optimiser(name) -> None:
    """The constants set at a stage boundary are those of a newly built optimiser, apart from its learning rate."""
    plain = Optimiser(name=name)
    other = Optimiser(name=name, betas=(0.5, 0.6), momentum=0.3, weight_decay=0.01)
    parameters = [nn.Parameter(torch.zeros(1))]
    changed, fresh = build_optimiser(plain, parameters), build_optimiser(other, parameters)
    for group in changed.param_groups:
        group.update(constants(other))
    assert changed.param_groups == fresh.param_groups


def test_best_of_a_stage() -> None:
    counters = Counters(step=5)
    assert counters.validated({"val/psnr_db": 30.0}, PSNR.ranking)
    counters.step = 6
    assert not counters.validated({"val/psnr_db": 29.0}, PSNR.ranking)
    assert (counters.best_step, counters.validations_since_best) == (5, 1)
    counters.begin_stage()
    assert (counters.best, counters.validations_since_best) == ({}, 0)
    assert counters.validated({"val/psnr_db": 28.0}, None)
    counters.step = 7
    assert counters.validated({"val/psnr_db": 20.0}, None), "PSNR does not judge a GAN"
    assert counters.best_step == 7


def test_patience_goes_by_psnr_and_is_refused_with_a_discriminator(small_dataset: Dataset, tmp_path: Path) -> None:
    still = ["train.patch=32", "train.validate_every=1", "train.early_stop=1", "train.ema_decay=0"]
    with pytest.raises(UserError, match=r"train\.early_stop=none"):
        train(short("srgan-x2-small", *still), small_dataset, tmp_path / "gan", Recorder())
    recipe = short("srresnet-x2-small", *still, "optimiser.lr=1e-12")
    assert train(recipe, small_dataset, tmp_path / "plain", Recorder()).reason == "early_stop"


def test_a_run_starts_from_the_weights_of_a_stage(small_dataset: Dataset, tmp_path: Path) -> None:
    """Network and averaged weights are taken over, but neither counters nor optimisers of the earlier run."""
    recipe = short("srgan-x2-small", "train.patch=32")
    train(recipe, small_dataset, tmp_path / "first", Recorder())
    source = tmp_path / "first" / FOLDERS["stage"]
    train(recipe, small_dataset, tmp_path / "next", Recorder(), should_stop=lambda: True, initial=source)
    state = load_state(tmp_path / "next" / LAST)
    assert assert_equal(state["networks"]["restorer"], load_weights(source)) > 5
    assert_equal(state["ema"]["weights"], load_weights(source))
    assert state["progress"]["step"] == state["ema"]["updates"] == 0
    assert state["optimisers"]["restorer"]["state"] == {}


@pytest.mark.parametrize(("share", "steps", "left"), [(0.8, 100, 20), (0.999, 10, 1), (0, 10, 10)])
def test_what_is_left_of_a_run_that_starts_behind_its_first_stage(
    share: float, steps: int, left: int, tmp_path: Path
) -> None:
    """Only the second stage, which has at least one step, as in a whole run."""
    recipe = short("srgan-x2-small", f"train.steps={steps}", f"adversarial.first_share={share}")
    save_model(tmp_path, recipe, build_network(recipe.network).state_dict())
    rest = begun_from(recipe, tmp_path)
    assert [(stage.name, stage.steps) for stage in stages(rest)] == [("adversarial", left)]
    assert stages(rest)[0].schedule == stages(recipe)[-1].schedule
    with pytest.raises(UserError, match=r"another network, with other values of width"):
        begun_from(override(recipe, ["network.width=5"]), tmp_path)


SOUND = {"discriminator/real": 0.7, "discriminator/fake": 0.3, "diversity": 0.9, "contrast": 0.95}
SIGNS = {
    "discriminator-saturated.discriminator": (
        {"discriminator/real": 0.995, "discriminator/fake": 0.005},
        "discriminator_rate",
    ),
    "mode-collapse": ({"diversity": 0.1}, "10% as much.*adversarial.weight"),
    "contrast-inverted": ({"contrast": -0.3}, r"\(-0\.30\).*pixel loss"),
}


@pytest.mark.parametrize("topic", SIGNS)
def test_a_sign_warns_once_after_ten_reports_in_a_row(topic: str) -> None:
    bad, advice = SIGNS[topic]
    watch = GanWatch()
    for _ in range(9):
        assert not list(watch({**SOUND, **bad}))
    assert not list(watch(SOUND)), "one sound report begins the count anew"
    for _ in range(9):
        assert not list(watch({**SOUND, **bad}))
    ((said, text),) = watch({**SOUND, **bad})
    assert said == topic
    with pytest.raises(UserError, match=advice):
        raise UserError(text)
    assert not [warning for _ in range(50) for warning in watch({**SOUND, **bad})], "once"
    list(watch(SOUND))
    assert [said for _ in range(10) for said, _ in watch({**SOUND, **bad})] == [topic], "and again when it comes back"


@pytest.mark.parametrize(("name", "said"), [("", "The "), ("gradient_", "The gradient ")])
def test_each_discriminator_is_named_with_its_own_numbers(name: str, said: str) -> None:
    watch = GanWatch()
    report = SOUND | {"gradient_discriminator/real": 0.6, "gradient_discriminator/fake": 0.4}
    report |= {f"{name}discriminator/real": 0.99, f"{name}discriminator/fake": 0.01}
    ((topic, text),) = [warning for _ in range(10) for warning in watch(report)]
    assert topic == f"discriminator-saturated.{name}discriminator"
    assert text.startswith(
        f"{said}discriminator is certain which images are real (probability 0.99) and which restored (0.01)"
    )


@pytest.mark.parametrize(
    "sound",
    [{}, SOUND, {"discriminator/real": 0.995, "discriminator/fake": 0.4}, {"diversity": 0.2, "contrast": 0.0},
     {"discriminator/real": 0.6, "discriminator/fake": 0.005}],
)  # fmt: skip
def test_sound_trainings_are_left_alone(sound: dict[str, float]) -> None:
    watch = GanWatch()
    assert not [warning for _ in range(30) for warning in watch(sound)]


def values(output: torch.Tensor, target: torch.Tensor) -> tuple[float, float]:
    found = health(output, target)
    return float(found["contrast"]), float(found["diversity"])


def test_health_in_closed_form() -> None:
    target = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    assert values(target, target) == pytest.approx((1, 1), rel=1e-5)
    assert values(1 - target, target) == pytest.approx((-1, 1), rel=1e-5)
    assert values(0.3 * target + 0.2, target) == pytest.approx((1, 0.3), rel=1e-5)
    assert values(torch.full_like(target, 0.5), target) == pytest.approx((0, 0), abs=1e-6)
    same = target[:1].expand_as(target)
    assert values(same, target)[1] == pytest.approx(0, abs=1e-6), "one picture for every input"
    assert values(target[:1], target[:1]) == pytest.approx((1, 1), rel=1e-5), "a batch of one has no spread"
    contrast, diversity = values(target, torch.zeros_like(target))
    assert contrast == pytest.approx(0, abs=1e-4)
    assert diversity > 1e3


def test_health_is_pearsons_correlation() -> None:
    a, b = (torch.rand(3, 2, 8, 8, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    b = b + 0.5 * a
    expected = torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]
    assert values(a, b)[0] == pytest.approx(float(expected), rel=1e-4)


def with_loss(recipe: Recipe, name: str) -> Recipe:
    return recipe.model_copy(update={"losses": (LossTerm(name=name),)})


def test_what_a_training_observes_is_reported_with_warnings() -> None:
    """Every second step is reported; only the tenth consecutive report of inverted grey levels warns."""
    method = SimpleNamespace(observations=lambda: {"contrast": torch.tensor(-0.5), "diversity": torch.tensor(1.0)})
    recorder = Recorder()
    step_logger = StepLogger(
        override(find_recipe("sinsr-x4-small"), ["train.log_every=2"]), method, recorder, torch.device("cpu")
    )
    for step in range(1, 31):
        step_logger.step(step, 1e-3, {"train/l1": torch.tensor(float(step))}, seconds=0.1, data_s=0.0)
    assert {step for step, _ in recorder.values} == set(range(2, 31, 2))
    assert recorder.values[4, "train/l1"] == 4.0
    assert recorder.values[4, "watch/contrast"] == -0.5
    assert [(step, topic) for step, topic, *_ in recorder.warnings] == [(20, "contrast-inverted")]


@pytest.mark.parametrize("name", RECIPES)
def test_every_preset_is_consistent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_perceptual(monkeypatch)
    check_recipe(find_recipe(name))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("swinir-x4", ["train.patch=200"], "200 px is not a multiple of 32, the network's size multiple times"),
        ("sinsr-x4", ["train.patch=72"], "72 px is not a multiple of 16"),
        ("dsrvae-x4", ["train.patch=256"], r"dsrvae trains on patches of 512 px .*not of 256 px"),
        ("esrgan-x4", ["train.patch=16", "adversarial.discriminator.size=32"], "perceptual loss needs .* 32 px"),
        ("esrgan-x4", ["train.patch=96"], r"patches of 128 px, but train.patch is 96.*discriminator.size=96"),
        ("srgan-x4-small", ["train.patch=32", "adversarial.discriminator.halvings=4"], "4 halvings needs .* 48 px"),
        ("sinsr-x2-small", ["network.kind=sinsr", "train.batch=1"], None),
        ("dsrvae-x4-small", ["train.batch=1"], "needs at least 2; raise train.batch"),
        ("dsrvae-x4-small", ["network.denoise=false"], "denoising stage; choose another method"),
        ("dsrvae-x4-small", ["method=adversarial"], None),
        ("srgan-x4-small", ["method=variational"], "Method variational trains dsrvae"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(
    name: str, changes: list[str], message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_perceptual(monkeypatch)
    recipe = override(find_recipe(name), changes)
    if message is None:
        check_recipe(recipe)
        return
    with pytest.raises(UserError, match=message):
        check_recipe(recipe)


def test_losses_that_the_variational_method_would_ignore_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_perceptual(monkeypatch)
    for change in ("losses.mse=1", "losses.l1=2"):
        with pytest.raises(UserError, match="learns to denoise by l1=1 and a divergence, not by l1"):
            check_recipe(override(find_recipe("dsrvae-x4"), [change]))


def test_losses_that_cannot_be_given_are_refused() -> None:
    plain = find_recipe("srresnet-x4-small")
    with pytest.raises(UserError, match="Unknown loss 'l7'"):
        check_recipe(with_loss(plain, "l7"))
    with pytest.raises(UserError, match="needs a network with a gradient branch; srresnet has none"):
        check_recipe(with_loss(plain, "gradient_branch"))
    check_recipe(with_loss(find_recipe("spsr-x4-small").model_copy(update={"adversarial": None}), "gradient_branch"))
    tiny = override(with_loss(plain, "dssim"), ["train.patch=8"])
    with pytest.raises(UserError, match="dssim needs patches of at least 11 px"):
        check_recipe(tiny)
    check_recipe(override(tiny, ["train.patch=12"]))


def test_the_structure_discriminator_needs_a_multiple_of_four() -> None:
    recipe = short("sinsr-x2-small", "network.kind=sinsr")
    judge = recipe.adversarial.discriminator
    assert judge.kind == "structure"
    other = short("srgan-x2-small").model_copy(
        update={"adversarial": recipe.adversarial, "train": recipe.train.model_copy(update={"patch": 66})}
    )
    with pytest.raises(UserError, match="66 px is not a multiple of 4"):
        check_recipe(other)


@pytest.mark.parametrize("backbone", ["vgg16", "vgg19"])
def test_missing_weights_are_refused_at_the_start(backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SEM_OFFLINE", "1")
    for name in ("esrgan-x4-small", "dsrvae-x4-small"):
        with pytest.raises(UserError, match=rf"needs {backbone}: .*put {backbone}-.*\.pth into.*or perceptual=vgg"):
            check_recipe(override(find_recipe(name), [f"perceptual={backbone}"]))
    check_recipe(short("esrgan-x4-small"))
    with pytest.raises(UserError, match="needs vgg16"):  # without a perceptual loss too: its encoder reads features
        check_recipe(short("dsrvae-x4-small"))


def test_back_projection_only_where_the_input_is_known(small_dataset: Dataset) -> None:
    recipe, manifest = short("sinsr-x2-small", "degradation.read_noise=0"), small_dataset.manifest
    check_compatible(recipe, manifest)
    pairs = manifest.model_copy(update={"kind": "paired"})
    for changes, data, why in (
        (["degradation.read_noise=0.01"], manifest, "here inputs are noisy"),
        (["degradation.dose_e_per_px=100"], manifest, "here inputs are noisy"),
        (["degradation.downsampling=gaussian_area"], manifest, "downsampled by gaussian_area, not by bicubic_aa"),
        (["degradation.blur.size_px=1,1"], manifest, "also blurred or distorted"),
        (["degradation.scan.drift_px=0.5"], manifest, "also blurred or distorted"),
        ([], pairs, "inputs of pairs were recorded"),
    ):
        changed = override(recipe, changes)
        with pytest.raises(UserError, match=f"{why}.*use network.back_projection=none"):
            check_compatible(changed, data)
        if data is manifest:
            check_compatible(override(changed, ["network.back_projection=none"]), data)


@pytest.mark.parametrize("size", [24, 26, 32, 40])
@pytest.mark.parametrize("kind", ["patch", "structure"])
def test_the_stated_least_patch_of_a_discriminator_works(kind: str, size: int) -> None:
    """Every accepted patch size gives an output, and every refused one would have failed later."""
    config = {"patch": PatchDiscriminatorConfig, "structure": StructureDiscriminatorConfig}[kind](width=2, halvings=3)
    network = build_discriminator(config)
    if size % 4 and kind == "structure":
        with pytest.raises(UserError):
            config.check_patch(size)
        return
    config.check_patch(size)
    assert network(torch.rand(2, 1, size, size)).shape[-1] >= 1
    with pytest.raises(UserError, match="at least 24 px"):
        config.check_patch(20)
    with pytest.raises(RuntimeError):
        network(torch.rand(2, 1, 20, 20))

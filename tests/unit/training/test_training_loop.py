"""The training loop with invalid numbers, several parts, unsuitable datasets, precisions; scores by scikit-image."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import nn

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.methods.supervised import Supervised
from sem_models.methods.table import METHODS, stage_at
from sem_models.networks.table import build_network
from sem_models.physics.simulators.phantoms.render import Beam
from sem_models.physics.simulators.phantoms.table import make_phantom
from sem_models.tasks.compatibility import check_compatible
from sem_models.training import trainer as trainer_module
from sem_models.training.checkpoint import BEST, LAST, load_state
from sem_models.training.hardware import choose_precision
from sem_models.training.optimiser_steps import TrainingDiverged
from sem_models.training.trainer import train
from tests.support.images import smooth_images
from tests.support.recorder import Recorder, assert_equal


@pytest.fixture
def paired_dataset(tmp_path: Path) -> Dataset:
    """Noisy 32 x 32 inputs at half the resolution of their 64 x 64 targets."""
    rng = np.random.default_rng(1)
    for index, sharp in enumerate(smooth_images(6, 64)):
        low = sharp.reshape(32, 2, 32, 2).mean(axis=(1, 3)) + rng.normal(0, 3, (32, 32))
        for folder, pixels in (("low", np.clip(low, 0, 255).astype(np.uint8)), ("high", sharp)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_micrograph(tmp_path / folder / f"S{index}.tif", Micrograph(pixels[:, :, None], 5.0))
    options = PrepareOptions(name="pairs", raw=(tmp_path / "low",), kind="paired", target=tmp_path / "high")
    return write_dataset(plan_dataset(options), tmp_path / "datasets" / "pairs")


class PoisonedFrom(Supervised):
    """Supervised, but the loss is NaN from the tenth batch on."""

    calls = 0

    def training_step(self, batch, part, stage):
        PoisonedFrom.calls += 1
        scale = math.nan if PoisonedFrom.calls >= 10 else 1.0
        return {name: loss * scale for name, loss in super().training_step(batch, part, stage).items()}


def test_divergence_keeps_the_last_sound_checkpoint(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps 10 to 19 are bad; checkpoints at 12, 15 and 18 would contain unreliable weights."""
    monkeypatch.setattr(PoisonedFrom, "calls", 0)
    monkeypatch.setitem(METHODS, "supervised", PoisonedFrom)
    recorder = Recorder()
    recipe = override(tiny_recipe, ["train.steps=40", "train.validate_every=9", "train.ema_decay=0"])
    with pytest.raises(TrainingDiverged, match=r"step 18: the loss .* 10 times in a row.*lower optimiser\.lr"):
        train(recipe, small_dataset, tmp_path / "run", recorder)
    assert load_state(tmp_path / "run" / LAST)["progress"]["step"] == 9
    assert load_state(tmp_path / "run" / BEST)["progress"]["step"] == 9
    assert math.isfinite(recorder.values[9, "train/charbonnier"])
    assert math.isnan(recorder.values[10, "train/charbonnier"])


class OneBadBatch(Supervised):
    """Supervised, but the gradient of the fifth batch is infinite."""

    calls = 0

    def training_step(self, batch, part, stage):
        OneBadBatch.calls += 1
        losses = super().training_step(batch, part, stage)
        if OneBadBatch.calls == 5:
            # The square root has an infinite slope at zero: a finite loss with a gradient that is not.
            losses["charbonnier"] = losses["charbonnier"] + torch.sqrt(losses["charbonnier"] * 0)
        return losses


def test_one_bad_batch_changes_nothing(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OneBadBatch, "calls", 0)
    monkeypatch.setitem(METHODS, "supervised", OneBadBatch)
    recipe = override(tiny_recipe, ["train.checkpoint_every=1000", "train.validate_every=1000"])
    states = {}
    for stop in (4, 5, 6):
        calls = iter(range(99))
        monkeypatch.setattr(OneBadBatch, "calls", 0)
        train(recipe, small_dataset, tmp_path / str(stop), Recorder(), should_stop=lambda c=calls, s=stop: next(c) >= s)
        states[stop] = load_state(tmp_path / str(stop) / LAST)
    assert assert_equal(states[4]["networks"], states[5]["networks"]) > 5
    moments = [states[stop]["optimisers"]["restorer"]["state"] for stop in (4, 5)]
    assert assert_equal(*moments) > 5
    before, after = states[5]["networks"]["restorer"], states[6]["networks"]["restorer"]
    assert all(torch.isfinite(value).all() for value in after.values())
    assert any(not torch.equal(before[name], after[name]) for name in before)


class TwoParts(Supervised):
    """Structured like an adversarial method: a generator, and a critic with its own optimiser."""

    def __init__(self, recipe, fabric) -> None:
        super().__init__(recipe, fabric)
        critic = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 1, 3))
        optimiser = torch.optim.SGD(critic.parameters(), 0.1, momentum=0.5)
        self.networks["critic"], self.optimisers["critic"] = fabric.setup(critic, optimiser)

    def training_step(self, batch, part, stage):
        if part == "restorer":
            return super().training_step(batch, part, stage)
        with torch.no_grad():
            made = self.networks["restorer"](batch["input"])
        real, false = self.networks["critic"](batch["target"]), self.networks["critic"](made)
        return {"real": (real - 1).square().mean(), "made": false.square().mean()}


def test_a_method_with_two_networks_needs_no_other_trainer(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "supervised", TwoParts)
    both = replace(stage_at(tiny_recipe, 0), parts=("restorer", "critic"))
    monkeypatch.setattr(trainer_module, "stage_at", lambda *_: both)
    whole, parts = Recorder(), Recorder()
    train(tiny_recipe, small_dataset, tmp_path / "whole", whole)
    calls = iter(range(99))
    train(tiny_recipe, small_dataset, tmp_path / "parts", parts, should_stop=lambda: next(calls) >= 7)
    train(tiny_recipe, small_dataset, tmp_path / "parts", parts, resume=True)
    state = load_state(tmp_path / "whole" / LAST)
    assert set(state["networks"]) == set(state["optimisers"]) == {"restorer", "critic"}
    assert_equal(state, load_state(tmp_path / "parts" / LAST))
    assert whole.values == parts.values
    first, last = whole.values[1, "train/critic_total"], whole.values[12, "train/critic_total"]
    assert last < first, "the critic must have learned"
    assert (12, "grad_norm/critic") in whole.values


def test_pairs_with_noise_resume_exactly(paired_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = override(tiny_recipe, ["train.patch=16"])
    train(recipe, paired_dataset, tmp_path / "whole", Recorder())
    calls = iter(range(99))
    train(recipe, paired_dataset, tmp_path / "parts", Recorder(), should_stop=lambda: next(calls) >= 5)
    train(recipe, paired_dataset, tmp_path / "parts", Recorder(), resume=True)
    assert_equal(load_state(tmp_path / "whole" / LAST), load_state(tmp_path / "parts" / LAST))


def test_shot_noise_resumes_exactly(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = override(tiny_recipe, ["degradation.dose_e_per_px=50", "optimiser.name=sgd", "train.ema_decay=0"])
    train(recipe, small_dataset, tmp_path / "whole", Recorder())
    calls = iter(range(99))
    train(recipe, small_dataset, tmp_path / "parts", Recorder(), should_stop=lambda: next(calls) >= 5)
    train(recipe, small_dataset, tmp_path / "parts", Recorder(), resume=True)
    whole = load_state(tmp_path / "whole" / LAST)
    assert_equal(whole, load_state(tmp_path / "parts" / LAST))
    assert_equal(whole["ema"]["weights"], whole["networks"]["restorer"], "without memory the average is the network")


def test_scores_are_those_of_scikit_image(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Recomputed from the sample panels, which here show the whole image, without the border of `scale` pixels."""
    recorder = Recorder()
    train(override(tiny_recipe, ["train.steps=4"]), small_dataset, tmp_path / "run", recorder)
    (panels,) = (panels for (step, _), panels in recorder.samples.items() if step == 4)
    assert {image.shape for image in panels.values()} == {(96, 96)}
    inner = {name: np.clip(image, 0, 1)[2:-2, 2:-2] for name, image in panels.items()}
    for key, panel in (("val/psnr_db", "output"), ("val/floor_psnr_db", "floor")):
        expected = peak_signal_noise_ratio(inner["target"], inner[panel], data_range=1.0)
        assert recorder.values[4, key] == pytest.approx(expected, abs=1e-4)
    expected = structural_similarity(inner["target"], inner["output"], data_range=1.0)
    assert recorder.values[4, "val/ssim"] == pytest.approx(expected, abs=1e-5)


def test_the_shipped_weights_are_the_averaged_ones(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    train(tiny_recipe, small_dataset, tmp_path / "run", Recorder())
    state = load_state(tmp_path / "run" / LAST)
    shipped = load_file(tmp_path / "run" / LAST / "model.safetensors")
    assert assert_equal(shipped, state["ema"]["weights"]) == len(build_network(tiny_recipe.network).state_dict())
    assert any(not torch.equal(shipped[name], value) for name, value in state["networks"]["restorer"].items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["network.scale=4"], r"degradation\.scale is 2.*enlarges 4 times"),
        (["train.patch=33"], "33 px is not a multiple of 2, the network's size multiple times"),
        (["train.patch=98"], "smaller than the patch of 98 px"),
        (["network.channels=3"], "has 1 channel.* in its image.*takes 3"),
    ],
)
def test_unsuitable_datasets_are_refused_by_the_manifest_alone(
    small_dataset: Dataset, tiny_recipe: Recipe, changes: list[str], message: str
) -> None:
    check_compatible(tiny_recipe, small_dataset.manifest)
    with pytest.raises(UserError, match=message):
        check_compatible(override(tiny_recipe, changes), small_dataset.manifest)


def test_unsuitable_pairs_splits_and_losses(paired_dataset: Dataset, tiny_recipe: Recipe) -> None:
    manifest = paired_dataset.manifest
    fitting = override(tiny_recipe, ["degradation.scale=4"])
    check_compatible(fitting, manifest)
    with pytest.raises(UserError, match="not 4 times smaller"):
        check_compatible(override(fitting, ["network.scale=4"]), manifest)
    no_validation = manifest.model_copy(update={"entries": tuple(e for e in manifest.entries if e.split != "val")})
    with pytest.raises(UserError, match="no image in its val split"):
        check_compatible(fitting, no_validation)
    with pytest.raises(UserError, match="unpaired"):
        check_compatible(fitting, manifest.model_copy(update={"kind": "unpaired"}))
    unknown = fitting.model_copy(update={"losses": (fitting.losses[0].model_copy(update={"name": "l7"}),)})
    with pytest.raises(UserError, match="Unknown loss 'l7'"):
        check_compatible(unknown, manifest)


def test_an_unsuitable_dataset_is_refused_before_anything_is_loaded(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "BatchSource", lambda *_: pytest.fail("images were loaded"))
    with pytest.raises(UserError, match="smaller than the patch"):
        train(override(tiny_recipe, ["train.patch=512"]), small_dataset, tmp_path / "run", Recorder())


@pytest.mark.parametrize(
    ("has_units", "device", "expected", "of_diffusion"),
    [
        (True, "cuda", "bf16-mixed", "bf16-mixed"),
        (False, "cuda", "32-true", "32-true"),
        (True, "cpu", "32-true", "bf16-mixed"),
        (False, "cpu", "32-true", "32-true"),
    ],
)
def test_bf16_only_where_the_hardware_has_it(
    has_units, device, expected, of_diffusion, tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emulated, bf16 is several times slower than 32 bit."""
    # A GPU without units for it says that it supports it, by emulation.
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: has_units or including_emulation
    )
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": has_units})
    assert choose_precision(tiny_recipe, device) == expected
    for name in ("ddpm-small", "ddpm-masks-small"):
        assert choose_precision(find_recipe(name), device) == of_diffusion
    asked = override(tiny_recipe, ["train.precision=32-true"])
    assert choose_precision(asked, device) == "32-true"
    stored = override(find_recipe("ddpm-masks-small"), ["train.precision=bf16-mixed"])
    assert choose_precision(stored, device) == "bf16-mixed", "what a run began with"


def test_resume_without_a_checkpoint_says_so(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run/checkpoint-last: no checkpoint to resume from"):
        train(tiny_recipe, small_dataset, tmp_path / "run", Recorder(), resume=True)


@pytest.mark.parametrize("name", ["vdsr-x2-small", "srresnet-x2-small"])
def test_every_small_preset_learns_a_phantom(name: str, tmp_path: Path) -> None:
    """A narrow version of each architecture restores simulated laths better than bicubic within 150 steps."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for index in range(3):
        micrograph = make_phantom("laths", (96, 96), seed=index, beam=Beam(dose_e_per_px=2000.0)).micrograph
        write_micrograph(folder / f"S{index}.tif", micrograph)
    dataset = write_dataset(plan_dataset(PrepareOptions(name="p", raw=(folder,))), tmp_path / "datasets" / "p")
    thin = ["network.depth=5"] if name.startswith("vdsr") else ["network.blocks=2"]
    changes = ["network.width=16", "train.steps=150", "train.batch=4", "train.patch=48", "train.validate_every=150"]
    recipe = override(find_recipe(name), [*thin, *changes, "schedule.warmup_steps=10", "optimiser.lr=2e-3"])
    recorder = Recorder()
    train(recipe, dataset, tmp_path / "run", recorder)
    gain = recorder.values[150, "val/psnr_db"] - recorder.values[150, "val/floor_psnr_db"]
    assert gain > 0.2
    assert recorder.values[150, "val/ssim"] > recorder.values[150, "val/floor_ssim"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_it_learns_and_resumes(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """With bf16 and the device's generator, the resumed run continues at the same step with the same quality."""
    recipe = override(tiny_recipe, ["train.steps=100", "train.batch=8", "train.validate_every=100"])
    recorder = Recorder()
    calls = iter(range(999))
    train(recipe, small_dataset, tmp_path / "run", recorder, should_stop=lambda: next(calls) >= 50)
    result = train(recipe, small_dataset, tmp_path / "run", recorder, resume=True)
    assert result.step == 100
    assert recorder.values[100, "val/psnr_db"] > recorder.values[100, "val/floor_psnr_db"]

"""Training without pairs: image pool, sampling of two domains, joint optimiser, refusals, a whole run."""

from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from sem_models.config.overrides import override
from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.sampling.domains import DomainSampler
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import Identity
from sem_models.methods.cycle import ImagePool
from sem_models.methods.table import build_method, stages
from sem_models.tasks.batches import BatchSource
from sem_models.tasks.compatibility import check_compatible
from sem_models.tasks.models import evaluate_model
from sem_models.training.monitoring import GanWatch, StepLogger
from sem_models.training.optimiser_steps import OptimiserSteps
from sem_models.training.trainer import train
from tests.support.domains import flat_images, unpaired
from tests.support.images import smooth_images
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

CPU = torch.device("cpu")
NETWORKS = {"restorer", "backward", "discriminator", "backward_discriminator"}


def numbered(count: int, first: int = 0) -> torch.Tensor:
    return torch.arange(first, first + count).float().reshape(-1, 1, 1, 1)


@pytest.fixture
def recipe() -> Recipe:
    return short("cyclegan-denoise-small", "train.patch=32")


@pytest.fixture
def two_domains(tmp_path: Path) -> Dataset:
    images = smooth_images(10, 64)
    return unpaired(tmp_path, images[:5], images[5:])


def test_pool_passes_the_first_fifty_and_swaps_half_of_the_rest() -> None:
    pool = ImagePool(50, (1, 1, 1), seed=3)
    given = numbered(2050)
    shown = torch.cat([pool(part) for part in given.split(5)]).flatten()
    assert torch.equal(shown[:50], given[:50].flatten())
    swapped = int((shown[50:] != given[50:].flatten()).sum())
    assert abs(swapped - 1000) < 4 * (2000 / 4) ** 0.5, "four standard deviations of a fair coin"
    assert (shown <= given.flatten()).all(), "nothing is shown before it was given"
    # What went in came out once or is still there; the first fifty were shown and kept.
    seen = Counter(shown.tolist()) + Counter(pool.images.flatten().tolist())
    assert seen == Counter(given.flatten().tolist()) + Counter(given[:50].flatten().tolist())


def test_pool_is_seeded_and_goes_on_where_it_stopped() -> None:
    def after(seed: int, *parts: int) -> list[float]:
        pool, start, shown = ImagePool(4, (1, 1, 1), seed), 0, []
        for part in parts:
            fresh = ImagePool(4, (1, 1, 1), seed=99)
            fresh.load_state_dict(pool.state_dict())
            pool = fresh
            shown += pool(numbered(part, start)).flatten().tolist()
            start += part
        return shown

    assert after(0, 60) == after(0, 1, 2, 30, 27) != after(1, 60)
    empty = ImagePool(0, (1, 1, 1), seed=0)
    assert torch.equal(empty(numbered(9)), numbered(9))


def test_pool_keeps_copies_and_no_gradient() -> None:
    pool = ImagePool(2, (1, 1, 1), seed=0)
    given = numbered(2).requires_grad_()
    assert not pool(given).requires_grad
    given.data += 5
    assert pool.images.flatten().tolist() == [0, 1]


def test_domains_are_drawn_independently(tmp_path: Path) -> None:
    """All pairs of training images of both domains, and of symmetries, occur as often as expected by chance."""
    rows, columns = np.meshgrid(np.arange(48), np.arange(48), indexing="ij")
    slanted = [2 * rows + columns + 40 * index for index in range(5)]
    dataset = unpaired(tmp_path, [np.clip(image, 0, 255) for image in slanted], slanted[:3] + slanted[:2])
    count = {role: sum(e.has(role) for e in dataset.entries("train")) for role in ("input", "target")}
    assert count == {"input": 3, "target": 3}
    bank = DomainSampler(dataset, 16, 1800, 0, CPU)
    drawn = bank._samplers
    first, second = bank.batch().values()
    down, right = zip(*(((x[..., -1, :] - x[..., 0, :]).mean((1, 2)), (x[..., -1] - x[..., 0]).mean((1, 2)))
                        for x in (first, second)), strict=True)  # fmt: skip
    ways = [list(zip(d > 0, r > 0, d.abs() > r.abs(), strict=True)) for d, r in zip(down, right, strict=True)]
    pairs = Counter((tuple(map(bool, a)), tuple(map(bool, b))) for a, b in zip(*ways, strict=True))
    assert len(pairs) == 64
    assert max(pairs.values()) < 1800 / 64 + 5 * (1800 / 64) ** 0.5
    assert drawn[0]._generator.get_state().tolist() != drawn[1]._generator.get_state().tolist()


def test_images_of_both_domains_meet_by_chance(tmp_path: Path) -> None:
    levels = [np.full((40, 40), 20 + 20 * index) for index in range(5)]
    dataset = unpaired(tmp_path, levels, [level + 100 for level in levels])
    crops = DomainSampler(dataset, 16, 1800, 0, CPU).batch()
    seen = [(255 * crops[role].mean((1, 2, 3))).round().int().tolist() for role in ("input", "target")]
    met = Counter(zip(*seen, strict=True))
    assert set(met) == set(product(set(seen[0]), set(seen[1])))
    assert len(met) == 9
    assert all(abs(count - 200) < 4 * 200**0.5 for count in met.values())


@pytest.mark.parametrize("groups", ["aabbccdd", "aaaabbbb", "aaaaaaaa"])
def test_single_images_are_halved_by_specimen(tmp_path: Path, groups: str) -> None:
    """Images are identified by grey level: none is in both domains, and no specimen if there are several."""
    dataset = flat_images(tmp_path, len(groups))
    entries = [
        entry.model_copy(update={"group": group, "split": "train"})
        for entry, group in zip(dataset.manifest.entries, groups, strict=True)
    ]
    dataset = replace(dataset, manifest=dataset.manifest.model_copy(update={"entries": tuple(entries)}))
    crops = DomainSampler(dataset, 16, 400, 0, CPU).batch()
    seen = [(255 * crops[role].mean((1, 2, 3))).round().int().unique().tolist() for role in ("image", "target")]
    first, second = ([(level - 20) // 10 for level in levels] for levels in seen)
    assert sorted(first + second) == list(range(8))
    if "b" in groups:
        assert not {groups[image] for image in first} & {groups[image] for image in second}


def test_an_unpaired_batch_is_undegraded_and_resumes(two_domains: Dataset, recipe: Recipe) -> None:
    source = BatchSource(recipe, two_domains, CPU)
    source.next()
    state = source.state_dict()
    batch = source.next()
    assert batch["input"].shape == batch["target"].shape == (2, 1, 32, 32)
    assert torch.equal((255 * batch["input"]).round() / 255, batch["input"]), "8-bit values as they are"
    again = BatchSource(recipe, two_domains, CPU)
    again.load_state_dict(state)
    assert all(torch.equal(batch[role], other) for role, other in again.next().items())


def test_both_generators_move_in_one_step_and_the_discriminators_do_not(two_domains: Dataset, recipe: Recipe) -> None:
    torch.manual_seed(0)
    fabric = Fabric(accelerator="cpu", devices=1)
    method = build_method(recipe, fabric)
    (stage,) = stages(recipe)
    assert stage.parts == ("restorer", "discriminator", "backward_discriminator")
    assert stage.keeps_last
    batch = BatchSource(recipe, two_domains, CPU).next()

    def moved(part: str) -> set[str]:
        before = {name: [p.detach().clone() for p in method.networks[name].parameters()] for name in NETWORKS}
        values = OptimiserSteps(method, fabric, 1e9)(batch, replace(stage, parts=(part,)), 0)
        if part == "restorer":
            grads = [p.grad for name in ("restorer", "backward") for p in method.networks[name].parameters()]
            norm = torch.stack([grad.square().sum() for grad in grads]).sum().sqrt()
            assert values["grad_norm/restorer"] == pytest.approx(norm.item(), rel=1e-5)
        after = {name: list(method.networks[name].parameters()) for name in NETWORKS}
        return {name for name in NETWORKS if not all(map(torch.equal, before[name], after[name]))}

    assert moved("restorer") == {"restorer", "backward"}
    assert moved("discriminator") == {"discriminator"}
    assert moved("backward_discriminator") == {"backward_discriminator"}


def test_losses_of_generators_that_do_nothing(two_domains: Dataset, recipe: Recipe) -> None:
    """Identity networks have no cycle loss; neither have inverting ones, which only the other two losses detect."""
    method = build_method(override(recipe, ["cycle.low_frequency=2"]), Fabric(accelerator="cpu", devices=1))
    batch = BatchSource(recipe, two_domains, CPU).next()
    for factor, shift in ((1, 0), (-1, 1)):
        for way in method._directions.values():
            way.there = way.back = lambda x, factor=factor, shift=shift: shift + factor * x
        losses = method.training_step(batch, "restorer", stages(recipe)[0])
        contrast = method.observations()["input_correlation"].item()
        assert contrast == pytest.approx(factor, abs=1e-5)
        assert max(losses["cycle"].item(), losses["backward_cycle"].item()) < 1e-6
        flipped = (1 - 2 * batch["target"]).abs().mean().item() if factor < 0 else 0.0
        assert losses["identity"].item() == pytest.approx(5 * flipped, rel=1e-5)
        assert (losses["low_frequency"].item() > 0.01) == (factor < 0)
    watch = GanWatch()
    warned = [topic for _ in range(10) for topic, _ in watch({"contrast": contrast, "diversity": 1.0})]
    assert warned == ["contrast-inverted"]


def test_a_whole_run_without_pairs(two_domains: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    recorder = Recorder()
    result = train(recipe, two_domains, tmp_path / "run", recorder)
    assert (result.step, result.reason, result.best_step) == (6, "finished", 6)
    assert set(result.best) == {"val/input_correlation"}
    assert result.best["val/input_correlation"] > 0.9
    assert not [key for _, key in recorder.values if "psnr" in key]
    assert {step for step, _ in recorder.samples} == {5, 6}
    names = {entry.name for entry in two_domains.entries("val") if entry.has("input")}
    assert {name for _, name in recorder.samples} == names
    assert all(set(panels) == {"input", "output"} for panels in recorder.samples.values())


def test_single_images_are_scored_in_training(small_dataset: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    assert "val/psnr_db" in train(recipe, small_dataset, tmp_path / "run", Recorder()).best


def without(manifest: Manifest, split: str, role: str) -> Manifest:
    kept = tuple(entry for entry in manifest.entries if not (entry.split == split and entry.has(role)))
    return manifest.model_copy(update={"entries": kept})


def test_what_a_cycle_cannot_learn_from(two_domains: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    manifest = two_domains.manifest
    check_compatible(recipe, manifest)
    for split, role, message in (("train", "input", r"first \(input\) domain in its train"),
                                 ("train", "target", r"second \(target\) domain in its train"),
                                 ("val", "input", r"first \(input\) domain in its val")):  # fmt: skip
        with pytest.raises(UserError, match=message):
            check_compatible(recipe, without(manifest, split, role))
    check_compatible(recipe, without(manifest, "val", "target"))
    with pytest.raises(UserError, match="learns without pairs"):
        check_compatible(recipe, manifest.model_copy(update={"kind": "paired"}))
    with pytest.raises(UserError, match="not from unpaired sets"):
        check_compatible(find_recipe("vdsr-x4-small"), manifest)
    with pytest.raises(UserError, match="smaller than the patch of 80 px"):
        check_compatible(override(recipe, ["train.patch=80"]), manifest)
    single = flat_images(tmp_path / "single", 3).manifest
    with pytest.raises(UserError, match="only one; add images"):
        check_compatible(recipe, single)
    idle = override(recipe, ["degradation.dose_e_per_px=none", "degradation.read_noise=0"])
    check_compatible(idle, manifest)
    with pytest.raises(UserError, match="degradation changes nothing"):
        check_compatible(idle, flat_images(tmp_path / "more", 6).manifest)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["network.channels_out=3", "network.residual=false"], r"1 channel\(s\) into 3 at scale 1"),
        (["cycle.low_frequency_sigma_px=11"], r"needs patches of at least 34 px, not 32"),
        (["adversarial.discriminator.halvings=4"], "needs patches of at least 48 px"),
        (["train.early_stop=3"], "early_stop watches the PSNR"),
        (["optimiser.lr=0.01"], "Method cycle .*ignores optimiser.*adversarial.optimiser"),
        (["schedule.warmup_steps=5"], "Method cycle .*ignores schedule.*adversarial.schedule"),
        (["losses.mse=1"], "Method cycle .*ignores losses.*cycle.weight"),
    ],
)
def test_cycles_that_cannot_train(two_domains: Dataset, recipe: Recipe, changes: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_compatible(override(recipe, changes), two_domains.manifest)


def test_a_cycle_learns_at_the_rate_that_is_changed(two_domains: Dataset, recipe: Recipe) -> None:
    changed = override(recipe, ["adversarial.optimiser.lr=0.01", "adversarial.schedule.name=constant"])
    check_compatible(changed, two_domains.manifest)
    assert stages(changed)[0].rate("restorer", 3) == 0.01


def test_cycles_do_not_enlarge(two_domains: Dataset, recipe: Recipe) -> None:
    larger = recipe.model_copy(update={"network": find_recipe("vdsr-x2-small").network})
    with pytest.raises(UserError, match="at scale 2; use a network of scale 1"):
        check_compatible(larger, two_domains.manifest)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("cyclegan-denoise", "cycle=none", "method cycle needs cycle settings"),
        ("cyclegan-denoise", "adversarial=none", "method cycle needs adversarial settings"),
        ("cyclegan-denoise", "method=adversarial", "method adversarial takes no cycle settings"),
        ("cyclegan-denoise", "adversarial.first_share=0.5", "method cycle has one stage"),
        ("cyclegan-denoise", "adversarial.gradient_weight=0.5", "one discriminator per domain"),
        ("cyclegan-denoise", "adversarial.losses.l1=1", "adversarial.losses empty"),
    ],
)
def test_settings_of_a_cycle_go_together(name: str, change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        override(RECIPES[name], [change])


def test_there_is_nothing_to_score_unpaired_images_against(two_domains: Dataset, recipe: Recipe) -> None:
    with pytest.raises(UserError, match="no reference"):
        evaluate_model(Identity(1), two_domains, "test", recipe.degradation)


@pytest.mark.parametrize(("name", "warned"), [("cyclegan-denoise-small", True), ("cyclegan-translate-small", False)])
def test_a_negative_is_a_fault_of_a_restoration_only(two_domains: Dataset, name: str, warned: bool) -> None:
    """Inverting generators may be right between contrasts: there the correlation is a curve without a warning."""
    recipe = short(name, "train.patch=32")
    method = build_method(recipe, Fabric(accelerator="cpu", devices=1))
    batch = BatchSource(recipe, two_domains, CPU).next()
    for way in method._directions.values():
        way.there = way.back = lambda x: 1 - x
    recorder = Recorder()
    step_logger = StepLogger(recipe, method, recorder, torch.device("cpu"))
    for step in range(1, 13):
        method.training_step(batch, "restorer", stages(recipe)[0])
        step_logger.step(step, 1e-3, {}, 0.1, 0.0)
    assert ("contrast-inverted" in {topic for _, topic, _ in recorder.warnings}) == warned
    told = "watch/contrast" if warned else "watch/input_correlation"
    assert recorder.values[12, told] == pytest.approx(-1, abs=1e-5)
    assert ((12, "watch/contrast") in recorder.values) == warned

"""GAN trainings through the store: stages, warm starts, interpolation, warnings, stored baselines."""

import json
from pathlib import Path

import pytest
import torch
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from pipelines.evaluate.reports import stored_reports
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate, kept_baseline_rows
from pipelines.model_ref import RunRef
from pipelines.models import model_folder, resolve_model
from pipelines.tracking.artifacts import fetch, list_files
from pipelines.tracking.keys import Tag
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run, run_warnings
from pipelines.tracking.writer import RunWriter
from pipelines.train.create import create_training
from pipelines.train.interpolate import interpolate
from pipelines.train.requests import InterpolateRequest
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.evaluation.report import EvaluationReport
from sem_models.inference.input_check.stored import stored_reference
from sem_models.inference.model_folder import CHECKPOINT, RECIPE, WEIGHTS
from sem_models.inference.storage import load_weights
from sem_models.methods.objective import PERCEPTUAL
from tests.support.specimens import learned, specimens

TINY = (
    "network.blocks=4", "network.width=8", "network.scale_blocks=1", "network.scale=2", "degradation.scale=2",
    "train.steps=8", "train.batch=2", "train.patch=32", "train.validate_every=100", "train.log_every=1",
    "adversarial.first_share=0.5", "adversarial.discriminator.width=4", "adversarial.discriminator.halvings=1",
)  # fmt: skip


@pytest.fixture
def gan_recipe() -> Recipe:
    """SINSR-GB without the perceptual loss, whose weights may be missing on a test machine."""
    recipe = override(find_recipe("sinsr-gb-x4-small"), TINY)
    assert recipe.adversarial is not None
    terms = tuple(term for term in recipe.adversarial.losses if term.name not in PERCEPTUAL)
    return recipe.model_copy(update={"adversarial": recipe.adversarial.model_copy(update={"losses": terms})})


@pytest.fixture
def trained(sem_home: Path, small_dataset: Dataset, gan_recipe: Recipe) -> str:
    """Id of a finished run with both stages."""
    run_id = create_training(gan_recipe, "small")
    run_training(run_id)
    return run_id


def test_both_stages_are_one_run_with_a_curve_for_each_part(trained: str, gan_recipe: Recipe) -> None:
    assert get_run(trained).status == "FINISHED"
    pixel = [step for step, _ in metric_history(trained, "train/charbonnier")]
    assert pixel == list(range(1, 9))
    assert gan_recipe.adversarial is not None
    parts = {term.name for term in gan_recipe.adversarial.losses} | {"adversarial", "discriminator"}
    for part in parts - {"charbonnier", "gradient_branch"}:
        assert [step for step, _ in metric_history(trained, f"train/{part}")] == [5, 6, 7, 8], part
    assert set(list_files(trained, "checkpoints")) == {f"checkpoints/{kind}" for kind in ("last", "best", "stage")}
    weights = {term.name: str(term.weight) for term in gan_recipe.adversarial.losses}
    assert get_run(trained).params["adversarial.losses.gradient"] == weights["gradient"]


def test_start_from_an_earlier_run_leaves_its_stage_out(trained: str, gan_recipe: Recipe) -> None:
    run_id = create_training(gan_recipe, "small", init=RunRef(trained))
    recipe = stored_recipe(run_id)
    assert recipe.adversarial is not None
    assert (recipe.train.steps, recipe.adversarial.first_share) == (4, 0.0)
    first = load_weights(fetch(trained, "checkpoints/stage"))
    assert_same(first, load_weights(fetch(run_id, "initial")))
    run_training(run_id)
    assert [step for step, _ in metric_history(run_id, "train/adversarial")] == [1, 2, 3, 4]
    assert get_run(run_id).tags[Tag.INITIAL_RUN] == trained
    # The start is the end of the pixel stage, to the bit: with no step at all nothing would have changed.
    after = best_weights(run_id)
    assert any(not torch.equal(after[name], value) for name, value in first.items())


def test_another_network_is_refused_by_what_differs(trained: str, gan_recipe: Recipe) -> None:
    wider = override(gan_recipe, ["network.width=12"])
    with pytest.raises(UserError, match=r"another network, with other values of width"):
        create_training(wider, "small", init=RunRef(trained))


def test_a_chain_of_starts_goes_back_to_the_pixel_stage(trained: str, gan_recipe: Recipe) -> None:
    """The best checkpoint of a run that started with a discriminator is no pixel model; its starting point is."""
    second = create_training(gan_recipe, "small", init=RunRef(trained))
    run_training(second)
    third = create_training(gan_recipe, "small", init=RunRef(second))
    first = load_weights(fetch(trained, "checkpoints/stage"))
    assert_same(first, load_weights(fetch(third, "initial")))


def test_an_interpolated_model_and_an_unfinished_pixel_stage_are_no_warm_start(
    trained: str, gan_recipe: Recipe
) -> None:
    with pytest.raises(UserError, match="not a training of its own"):
        create_training(gan_recipe, "small", init=RunRef(interpolate(InterpolateRequest(run_id=trained, alpha=0.5))))
    waiting = create_training(gan_recipe, "small")
    with pytest.raises(UserError, match="pixel stage"):
        create_training(gan_recipe, "small", init=RunRef(waiting))
    with pytest.raises(UserError, match="two ends"):
        interpolate(InterpolateRequest(run_id=waiting, alpha=0.5))


def test_a_warm_start_from_other_data_raises_a_warning(
    trained: str, gan_recipe: Recipe, sem_home: Path, raw_images: Path
) -> None:
    assert not run_warnings(create_training(gan_recipe, "small", init=RunRef(trained)))
    write_dataset(
        plan_dataset(PrepareOptions(name="other", raw=(raw_images,), seed=1)), sem_home / "datasets" / "other"
    )
    (text,) = run_warnings(create_training(gan_recipe, "other", init=RunRef(trained)))
    assert trained[:8] in text


def test_an_interpolated_model_knows_what_its_ends_learned_from(
    sem_home: Path, small_dataset: Dataset, gan_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = learned(specimens())
    monkeypatch.setattr("sem_models.training.trainer.learned_inputs", lambda *_: own)
    run_id = create_training(gan_recipe, "small")
    run_training(run_id)
    mixed = interpolate(InterpolateRequest(run_id=run_id, alpha=0.5))
    assert stored_reference(fetch(mixed, "checkpoints/best")) == own


def test_interpolation_is_linear_in_the_weights(trained: str) -> None:
    ends = [load_weights(fetch(trained, f"checkpoints/{kind}")) for kind in ("stage", "best")]
    middle = best_weights(interpolate(InterpolateRequest(run_id=trained, alpha=0.25)))
    for name, value in middle.items():
        torch.testing.assert_close(value, 0.75 * ends[0][name] + 0.25 * ends[1][name])
    assert_same(best_weights(interpolate(InterpolateRequest(run_id=trained, alpha=0.0))), ends[0])
    assert_same(best_weights(interpolate(InterpolateRequest(run_id=trained, alpha=1.0))), ends[1])


def test_only_weights_and_recipe_are_fetched_to_apply_a_run(trained: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resume state is stored next to them and is several times as large."""
    asked: list[str] = []
    download = LocalArtifactRepository.download_artifacts

    def noted(store: LocalArtifactRepository, path: str, into: str | None = None) -> str:
        asked.append(path)
        return str(download(store, path, into))

    monkeypatch.setattr(LocalArtifactRepository, "download_artifacts", noted)
    with model_folder(RunRef(trained)) as folder:
        names = {file.name for file in folder.iterdir()}
    assert not folder.exists()
    assert len(list_files(trained, "checkpoints/best")) > len(names)
    assert (
        set(asked)
        == {f"checkpoints/best/{name}" for name in names}
        == {f"checkpoints/best/{name}" for name in (WEIGHTS, RECIPE, CHECKPOINT)}
    )
    asked.clear()
    resolve_model(RunRef(trained))
    assert len(asked) == 3


def test_interpolation_from_a_run_that_started_elsewhere(trained: str, gan_recipe: Recipe) -> None:
    run_id = create_training(gan_recipe, "small", init=RunRef(trained))
    run_training(run_id)
    faithful = best_weights(interpolate(InterpolateRequest(run_id=run_id, alpha=0.0)))
    assert_same(faithful, load_weights(fetch(trained, "checkpoints/stage")))


def test_interpolation_needs_two_stages(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe) -> None:
    run_id = create_training(tiny_recipe, "small")
    run_training(run_id)
    with pytest.raises(UserError, match="two ends"):
        interpolate(InterpolateRequest(run_id=run_id, alpha=0.5))


def test_baselines_are_scored_once_and_stay_the_same(trained: str, small_dataset: Dataset) -> None:
    first, _ = evaluate(EvaluateRequest(model=trained, dataset="small"))
    kept = kept_baseline_rows(small_dataset, "test", resolve_model(RunRef(trained)).degradation)
    assert bool(kept) != bool(first.notes)
    second, _ = evaluate(EvaluateRequest(model=trained, dataset="small"))
    assert second == stored_reports(trained)[0]
    assert _without_times(second) == _without_times(first)
    own = {row.s_per_mp for row in second.rows if row.method != second.model}
    assert not kept or own == {row.s_per_mp for row in kept}, "the times of baselines are kept as well"
    assert all(row.s_per_mp > 0 for row in second.rows)


def _without_times(report: EvaluationReport) -> EvaluationReport:
    rows = tuple(row.model_copy(update={"s_per_mp": None}) for row in report.rows)
    return report.model_copy(update={"rows": rows})


def test_stored_baselines_are_not_used_for_other_inputs(trained: str, small_dataset: Dataset) -> None:
    evaluate(EvaluateRequest(model=trained, dataset="small"))
    noisy = resolve_model(RunRef(trained)).degradation.model_copy(update={"read_noise": 0.1})
    assert kept_baseline_rows(small_dataset, "test", noisy) == ()
    assert kept_baseline_rows(small_dataset, "val", resolve_model(RunRef(trained)).degradation) == ()


def test_warnings_reach_the_run(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    run_id = create_training(tiny_recipe, "small")
    with RunWriter(run_id, tmp_path / "work") as writer:
        writer.warning(40, "mode-collapse", "Outputs do not differ.")
        writer.warning(90, "mode-collapse", "Outputs still do not differ.")
        writer.warning(70, "contrast-inverted", "Light and dark are exchanged.")
    assert run_warnings(run_id) == [
        "Step 70: Light and dark are exchanged.",
        "Step 90: Outputs still do not differ.",
    ]


def test_perceptual_part_is_named_after_its_backbone(
    sem_home: Path, small_dataset: Dataset, gan_recipe: Recipe, torch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    assert gan_recipe.adversarial is not None
    terms = (*gan_recipe.adversarial.losses, LossTerm(name="perceptual", weight=0.1))
    second = gan_recipe.adversarial.model_copy(update={"losses": terms})
    recipe = gan_recipe.model_copy(update={"adversarial": second})
    with pytest.raises(UserError, match=r"vgg19.*vgg19-dcbb9e9d\.pth.*perceptual=vgg16"):
        create_training(override(recipe, ["perceptual=vgg19"]), "small")
    run_id = create_training(recipe, "small")
    run_training(run_id)
    assert metric_history(run_id, "train/perceptual_vgg16")
    assert json.loads((fetch(run_id, "recipe.json")).read_text())["perceptual"] == "vgg16"


def best_weights(run_id: str) -> dict[str, torch.Tensor]:
    with model_folder(RunRef(run_id)) as folder:
        return load_weights(folder)


def assert_same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name

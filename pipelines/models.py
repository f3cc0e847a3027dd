"""Models behind references: loaded, as files, or what is known without loading them, which needs no torch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.model_ref import BaselineRef, ModelRef, RegistryRef, RunRef, StarterRef
from pipelines.tracking.artifacts import fetched, list_files
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.registry import find_version, local_folder
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run
from pipelines.train.unvalidated import refuse_unvalidated
from pipelines.train.warm_start import model_of
from sem_models.config.degradation import Degradation
from sem_models.config.methods import Direction, method_facts
from sem_models.config.overrides import override_degradation
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.model import RestorationModel, UnitModel
from sem_models.inference.model_folder import RECIPE, WEIGHTS, backward_file
from sem_models.methods.stages import BACKWARD
from sem_models.starters.shelf import load_starter, starter_recipe
from sem_models.tasks.table import find_task


@dataclass(frozen=True)
class ResolvedModel:
    """A model that can be applied, and where it comes from."""

    model: UnitModel
    run_id: str | None
    """The training run that its scores belong to; None for a baseline or a starter model."""
    degradation: Degradation
    """The forward model it was trained for."""

    @property
    def backward(self) -> bool:
        """Whether it is the generator of a cycle that maps the second domain to the first."""
        return isinstance(self.model, RestorationModel) and self.model.direction == "backward"

    @property
    def direction(self) -> Direction:
        """Which generator of a cycle it is."""
        return "backward" if self.backward else "forward"


def resolve_model(ref: ModelRef, scale: int = 4, changes: Sequence[str] = ()) -> ResolvedModel:
    """Load the best checkpoint of a run, a registered model, a starter model, or a baseline.

    Args:
        ref: What the user named.
        scale: Scale of a baseline; models know their own.
        changes: `degradation.KEY=VALUE` for the forward model that a baseline should know.

    Raises:
        UserError: There is no such model.
    """
    from sem_models.evaluation.baselines.table import find_baseline
    from sem_models.inference.predictor import choose_device

    if isinstance(ref, BaselineRef):
        forward = override_degradation(Degradation(scale=scale), changes)
        baseline = find_baseline(ref.name, forward)
        # A filter keeps the size of its input, whatever the scale of the enlarging baselines.
        return ResolvedModel(baseline, None, forward.model_copy(update={"scale": baseline.capabilities.scale}))
    if isinstance(ref, StarterRef):
        starter = load_starter(ref.name, choose_device())
        return ResolvedModel(starter, None, starter.recipe.degradation)
    if isinstance(ref, RegistryRef):
        folder, run_id = local_folder(ref)
        return _load(folder, run_id, str(ref))
    run = trained_run(ref)
    with model_folder(run) as folder:
        recipe = get_run(run.run_id).tags.get(Tag.RECIPE, "model")
        way = " backward" if run.direction == "backward" else ""
        return _load(folder, run.run_id, f"{recipe}{way} ({run.run_id[:8]})")


def resolve_for(dataset: Dataset, ref: ModelRef, scale: int = 4, changes: Sequence[str] = ()) -> ResolvedModel:
    """Do as `resolve_model`; also resolve the baseline `constant`, which the training split of a dataset decides."""
    from sem_models.evaluation.baselines.translation import CONSTANT, constant_baseline

    if not isinstance(ref, BaselineRef) or str(ref) != CONSTANT:
        return resolve_model(ref, scale, changes)
    baseline = constant_baseline(dataset)
    return ResolvedModel(baseline, None, Degradation(scale=baseline.scale))


def trained_run(ref: ModelRef) -> RunRef:
    """Return the run of a reference that is neither a baseline, a starter model nor a registered one."""
    if not isinstance(ref, RunRef):
        raise TypeError(f"{ref} is not a run")
    return ref


def recipe_of(ref: ModelRef) -> Recipe | None:
    """Read the recipe of a run, a starter or a registered model, without its weights; None for a baseline."""
    if isinstance(ref, BaselineRef):
        return None
    if isinstance(ref, StarterRef):
        return starter_recipe(ref.name)
    run_id = find_version(ref).run_id if isinstance(ref, RegistryRef) else trained_run(ref).run_id
    return stored_recipe(str(run_id))


def channels_taken(ref: ModelRef) -> int:
    """Count the channels of the files that a model takes; one for a baseline and for a mask."""
    recipe = recipe_of(ref)
    return find_task(recipe).file_channels(recipe) if recipe else 1


@contextmanager
def model_folder(run: RunRef) -> Iterator[Path]:
    """Provide a local folder with weights and recipe of the best checkpoint of a run while the block runs.

    Only these two are fetched: the state to resume from is several times as large.
    """
    found = get_run(run.run_id)
    if not found.is_training:
        raise UserError(f"Run {run.run_id} is not a training; name one that is.")
    refuse_unvalidated(found)
    backward = run.direction == "backward"
    with _backward_folder(run) if backward else model_of(run.run_id, Artifact.BEST) as folder:
        yield folder


def _load(folder: Path, run_id: str | None, name: str) -> ResolvedModel:
    from sem_models.inference.predictor import choose_device
    from sem_models.inference.storage import load_model

    model: RestorationModel = replace(load_model(folder, choose_device(), name), run_id=run_id or "")
    return ResolvedModel(model, run_id, model.recipe.degradation)


@contextmanager
def _backward_folder(run: RunRef) -> Iterator[Path]:
    """Provide a local folder with the backward generator of the best checkpoint while the block runs.

    Raises:
        UserError: The run is not a cycle, has no checkpoint yet, or did not keep these weights.
    """
    recipe = stored_recipe(run.run_id)
    if not method_facts(recipe.method).learns_backward:
        raise UserError(
            f"Run {run.run_id} learned one direction only (method {recipe.method}): leave out :backward, or train a "
            "recipe of method cycle, such as cyclegan-translate-small."
        )
    stored = set(list_files(run.run_id, Artifact.BEST))
    kept = backward_file(Path(Artifact.BEST))
    if not stored or str(kept) in stored:
        with fetched(run.run_id, Artifact.BEST, (kept.name, RECIPE)) as folder:
            yield backward_file(folder).rename(folder / WEIGHTS).parent
    elif recipe.train.ema_decay == 0:
        with model_of(run.run_id, Artifact.BEST) as folder:
            _take_from_state(run.run_id, folder)
            yield folder
    else:
        raise UserError(
            f"Run {run.run_id} kept the averaged weights of one generator only: its backward one is in the state to "
            "resume from, without its average. Train it again; new runs keep both."
        )


def _take_from_state(run_id: str, folder: Path) -> None:
    """Take the weights from the state, for runs from before both were kept; without an average they are the same."""
    import torch

    from sem_models.inference.storage import save_weights
    from sem_models.training.checkpoint import STATE

    with fetched(run_id, Artifact.BEST, (STATE,)) as place:
        try:
            weights = torch.load(place / STATE, map_location="cpu", weights_only=True)["networks"][BACKWARD]
        except Exception as error:  # a damaged file can make its reader raise anything
            raise UserError(
                f"Run {run_id}: the weights of its backward generator cannot be read: the state that holds them is "
                "damaged, or contains a program, which is not executed. Train it again."
            ) from error
    save_weights(folder / WEIGHTS, weights, "backward")


def pair_notes(model: UnitModel, dataset: Dataset) -> list[str]:
    """Say what scores of a backward generator on a dataset rest on; nothing for all other models.

    Raises:
        UserError: The dataset has no pairs of images from both domains.
    """
    if not isinstance(model, RestorationModel) or model.direction == "forward":
        return []
    name = dataset.manifest.name
    if not dataset.manifest.layout.is_paired:
        raise UserError(
            f"{model.name} goes from the second domain of its training to the first: {name!r} has no pairs of these. "
            "Prepare pairs whose inputs are of the second domain, or score a round trip instead."
        )
    return [
        f"{model.name} goes from the second domain of its training to the first: inputs of {name!r} are taken for "
        "images of the second, targets for the first. With pairs the other way round, the scores mean nothing."
    ]

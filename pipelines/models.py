"""What MODEL means on the command line and on the pages: a run (or its way back), a registered model, or a baseline."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.directions import backward_model, split_direction
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.registry import find_version, local_folder
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run
from pipelines.train.warm_start import model_of
from sem_models.config.degradation import Degradation
from sem_models.config.overrides import override_degradation
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import find_baseline
from sem_models.evaluation.baselines.translation import CONSTANT, constant_baseline
from sem_models.inference.model import Direction, RestorationModel, UnitModel
from sem_models.inference.predictor import choose_device
from sem_models.inference.storage import load_model
from sem_models.tasks.table import find_task

BASELINE = "baseline:"
REGISTERED = "models:/"
_EARLIER = "floor:"
"""How baselines were called in scripts and stores of version 0.1."""


@dataclass(frozen=True)
class ResolvedModel:
    """A model that can be applied, and where it comes from."""

    model: UnitModel
    run_id: str | None
    """The training run that its scores belong to; None for a baseline."""
    degradation: Degradation
    """The forward model it was trained for."""

    @property
    def backward(self) -> bool:
        """Whether it is the generator of a cycle from the second domain to the first."""
        return isinstance(self.model, RestorationModel) and self.model.direction == "backward"

    @property
    def direction(self) -> Direction:
        """Which generator of a cycle it is."""
        return "backward" if self.backward else "forward"


def present_name(text: str) -> str:
    """What a model is called today: `floor:NAME` of earlier versions is `baseline:NAME`."""
    return BASELINE + text.removeprefix(_EARLIER) if text.startswith(_EARLIER) else text


def resolve_model(text: str, scale: int = 4, changes: Sequence[str] = ()) -> ResolvedModel:
    """Load a run id (its best checkpoint), `models:/NAME@ALIAS`, `models:/NAME/VERSION` or `baseline:NAME`.

    `RUN_ID:backward` is the second generator of a cycle.

    Args:
        text: What the user wrote.
        scale: Of a baseline; models know their own.
        changes: `degradation.KEY=VALUE`, of the forward model that a baseline should know.

    Raises:
        UserError: There is no such model.
    """
    text = present_name(text)
    if text.startswith(BASELINE):
        forward = override_degradation(Degradation(scale=scale), changes)
        baseline = find_baseline(text.removeprefix(BASELINE), forward)
        # A filter gives an image of the size it gets, whatever the scale of the enlarging baselines.
        return ResolvedModel(baseline, None, forward.model_copy(update={"scale": baseline.capabilities.scale}))
    if text.startswith(REGISTERED):
        folder, run_id = local_folder(text)
        return _load(folder, run_id, text)
    run_id, direction = split_direction(text)
    with model_folder(text) as folder:
        recipe = get_run(run_id).tags.get(Tag.RECIPE, "model")
        way = " backward" if direction == "backward" else ""
        return _load(folder, run_id, f"{recipe}{way} ({run_id[:8]})")


def resolve_for(dataset: Dataset, text: str, scale: int = 4, changes: Sequence[str] = ()) -> ResolvedModel:
    """As `resolve_model`, and `baseline:constant`, which only the training split of a dataset decides."""
    if present_name(text) != CONSTANT:
        return resolve_model(text, scale, changes)
    baseline = constant_baseline(dataset)
    return ResolvedModel(baseline, None, Degradation(scale=baseline.scale))


def channels_taken(text: str) -> int:
    """Channels of the files that a model takes, from the recipe of its run; baselines and masks have one."""
    if present_name(text).startswith(BASELINE):
        return 1
    run_id = find_version(text).run_id if text.startswith(REGISTERED) else split_direction(text)[0]
    recipe = stored_recipe(str(run_id))
    return find_task(recipe).file_channels(recipe)


@contextmanager
def model_folder(text: str) -> Iterator[Path]:
    """A local folder with weights and recipe of the best checkpoint of a run, for as long as the block runs.

    Args:
        text: `RUN_ID` or `RUN_ID:backward`.

    Only these two are fetched: the state to resume from is several times as large.
    """
    run_id, direction = split_direction(text)
    if not get_run(run_id).is_training:
        raise UserError(f"Run {run_id} is not a training; name one that is.")
    with backward_model(run_id) if direction == "backward" else model_of(run_id, Artifact.BEST) as folder:
        yield folder


def _load(folder: Path, run_id: str | None, name: str) -> ResolvedModel:
    model: RestorationModel = replace(load_model(folder, choose_device(), name), run_id=run_id or "")
    return ResolvedModel(model, run_id, model.recipe.degradation)

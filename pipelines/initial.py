"""Use case: start a training from the weights of an earlier one."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.tracking.artifacts import fetch, list_files, put_files
from pipelines.tracking.runs import get_run, set_tags
from sem_models.errors import UserError

if TYPE_CHECKING:
    from sem_models.recipes import Recipe

FOLDER = "initial"
STAGE, BEST = "checkpoints/stage", "checkpoints/best"
TAG = "sem.initial_run"


def pixel_end(run_id: str) -> Path:
    """The model that a run had learned by pixel losses: the end of its first stage, else its best checkpoint.

    Raises:
        UserError: There is no such training, or it has no checkpoint yet.
    """
    if get_run(run_id).kind != "training":
        raise UserError(f"Run {run_id} is not a training; name one that is.")
    stored = set(list_files(run_id, "checkpoints"))
    if not stored & {STAGE, BEST}:
        raise UserError(f"Run {run_id} has no checkpoint to start from yet; wait for its first validation.")
    return fetch(run_id, STAGE if STAGE in stored else BEST)


def shortened(recipe: "Recipe", source: Path) -> "Recipe":
    """The recipe without the stage that `source` has behind it.

    Raises:
        UserError: The model in `source` has another network.
    """
    from sem_models.model import read_recipe
    from sem_models.training.stages import stages

    theirs = read_recipe(source).network
    if theirs != recipe.network:
        differing = sorted(
            key for key, value in recipe.network.model_dump().items() if theirs.model_dump().get(key) != value
        )
        raise UserError(
            f"The run to start from has another network: {', '.join(differing)} differ(s). Choose a recipe with the "
            "same network, or change it with --set network.KEY=VALUE."
        )
    if recipe.adversarial is None:
        return recipe
    steps = stages(recipe)[-1].steps
    return recipe.model_copy(
        update={
            "adversarial": recipe.adversarial.model_copy(update={"first_share": 0.0}),
            "train": recipe.train.model_copy(update={"steps": steps}),
        }
    )


def keep_initial(run_id: str, source_run: str, source: Path) -> None:
    """Store the model to start from with the new run, so that it outlives the run that it came from."""
    from sem_models.model import RECIPE, WEIGHTS

    put_files(run_id, FOLDER, (source / WEIGHTS, source / RECIPE))
    set_tags(run_id, {TAG: source_run})


def stored_initial(run_id: str) -> Path | None:
    """The model that a run started from; None where it started from nothing."""
    return fetch(run_id, FOLDER) if TAG in get_run(run_id).tags else None

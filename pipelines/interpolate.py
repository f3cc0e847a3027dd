"""Use case: between the faithful and the sharp end of a GAN training (network interpolation; Wang et al., 2018)."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.initial import BEST, STAGE, stored_initial
from pipelines.tracking.artifacts import fetch, list_files, put_files, put_text
from pipelines.tracking.runs import create_run, get_run, set_status
from pipelines.train import RECIPE_FILE, stored_recipe
from sem_models.errors import UserError
from sem_models.model import load_weights, save_model

if TYPE_CHECKING:
    from torch import Tensor


def interpolate(run_id: str, alpha: float) -> str:
    """A new run that holds the weights (1 - alpha) x pixel stage + alpha x adversarial stage; returns its id.

    Args:
        run_id: A finished or stopped training with both stages, or one that started from another run.
        alpha: 0 is the end of the pixel stage, 1 the end of the run.

    Raises:
        UserError: The run has no two ends.
    """
    if not 0 <= alpha <= 1:
        raise UserError(f"alpha is {alpha:g}; choose it between 0 (pixel losses) and 1 (adversarial).")
    run, recipe = get_run(run_id), stored_recipe(run_id)
    faithful, sharp = _ends(run_id)
    weights = {
        name: ((1 - alpha) * faithful[name] + alpha * value) if value.is_floating_point() else value
        for name, value in sharp.items()
    }
    tags = {key: value for key, value in run.tags.items() if key in ("sem.task", "sem.dataset", "sem.dataset_digest")}
    tags |= {"sem.recipe": recipe.name, "sem.interpolated_from": run_id}
    name = f"{run.name}, interpolated {alpha:g}"
    new_run = create_run(run.experiment, name, "training", {"interpolation.alpha": alpha, **run.params}, tags)
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), recipe, weights)
        put_files(new_run, BEST, Path(folder).iterdir())
    put_text(new_run, RECIPE_FILE, recipe.model_dump_json(indent=1) + "\n")
    set_status(new_run, "FINISHED")
    return new_run


def _ends(run_id: str) -> tuple[dict[str, "Tensor"], dict[str, "Tensor"]]:
    stored = set(list_files(run_id, "checkpoints"))
    faithful = fetch(run_id, STAGE) if STAGE in stored else stored_initial(run_id)
    if faithful is None or BEST not in stored or stored_recipe(run_id).adversarial is None:
        raise UserError(
            f"Run {run_id} has not two ends to interpolate between: it needs a finished pixel stage (or --init) and "
            "a checkpoint of its adversarial stage."
        )
    return load_weights(faithful), load_weights(fetch(run_id, BEST))

"""Use case: mix the faithful and the sharp end of a GAN training (network interpolation; Wang et al., 2018)."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.jobs.admission import admit
from pipelines.jobs.quotas import require_quota
from pipelines.people.acting import acting_person
from pipelines.people.person import Person
from pipelines.tracking.artifacts import put_files, put_text
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import RunInfo, create_run, get_run, set_status
from pipelines.train.requests import InterpolateRequest
from pipelines.train.warm_start import model_of, pixel_end
from sem_models.config.methods import method_facts
from sem_models.errors import UserError
from sem_models.inference.input_check.stored import stored_reference
from sem_models.inference.storage import Belongings, load_weights, save_model

if TYPE_CHECKING:
    from torch import Tensor

    from sem_models.config.recipe import Recipe


def interpolate(request: InterpolateRequest, by: Person | None = None) -> str:
    """Create a run with the weights (1 - alpha) x pixel stage + alpha x adversarial stage; return its id.

    Raises:
        UserError: The run does not have two ends, or the person has used up a quota.
    """
    by = by or acting_person()
    admit(request, by)
    require_quota(by)
    run_id, alpha = request.run_id, request.alpha
    run, recipe = get_run(run_id), stored_recipe(run_id)
    faithful, sharp = (_weights(run_id, folder) for folder in _ends(run, recipe))
    weights = {
        name: ((1 - alpha) * faithful[name] + alpha * value) if value.is_floating_point() else value
        for name, value in sharp.items()
    }
    tags = {key: value for key, value in run.tags.items() if key in (Tag.TASK, Tag.DATASET, Tag.DATASET_DIGEST)}
    tags |= {Tag.RECIPE: recipe.name, Tag.INTERPOLATED_FROM: run_id}
    name = f"{run.name}, interpolated {alpha:g}"
    new_run = create_run(run.experiment, name, "training", {"interpolation.alpha": alpha, **run.params}, tags, by)
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), recipe, weights, belongings=_belongings(run_id))
        put_files(new_run, Artifact.BEST, Path(folder).iterdir())
    put_text(new_run, Artifact.RECIPE, recipe.model_dump_json(indent=1) + "\n")
    set_status(new_run, "FINISHED")
    return new_run


def _ends(run: RunInfo, recipe: "Recipe") -> tuple[str, str]:
    """Return the artifact folders of the two ends."""
    from sem_models.methods.table import stages

    last = int(run.tags.get(Tag.BEST_STEP, 0))
    if (
        not method_facts(recipe.method).has_two_ends
        or Tag.INTERPOLATED_FROM in run.tags
        or last <= stages(recipe)[-1].first
    ):
        raise UserError(
            f"Run {run.run_id} does not have two ends to interpolate between: name an adversarial training that ended "
            "after at least one validation of its second stage."
        )
    return pixel_end(run.run_id), Artifact.BEST


def _belongings(run_id: str) -> Belongings:
    """Return what both ends have in common: the images they learned from, not what was measured on their weights."""
    with model_of(run_id, Artifact.BEST) as local:
        return Belongings(learned=stored_reference(local))


def _weights(run_id: str, folder: str) -> "dict[str, Tensor]":
    with model_of(run_id, folder) as local:
        return load_weights(local)

"""Use case: make a run that can be trained from a recipe and a dataset."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.data.find import find_dataset
from pipelines.home import home
from pipelines.jobs.liveness import HOST
from pipelines.model_ref import RunRef, StarterRef
from pipelines.people.person import Person
from pipelines.tracking.artifacts import put_json, put_text
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact, Experiment, Tag
from pipelines.tracking.run_facts import code_commit, described, flat_parameters, stored_recipe
from pipelines.tracking.runs import create_run, get_run, set_tags
from pipelines.train.begun_recipe import begun_from
from pipelines.train.requests import RecipeRequest, TrainRequest
from pipelines.train.warm_start import record_warm_start, start_of
from sem_models.errors import UserError

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe
    from sem_models.datasets.dataset import Dataset


def schedule_training(request: TrainRequest, by: Person | None = None) -> str:
    """Create a SCHEDULED run for a request, which no process trains yet; return its id.

    It belongs to `by`, or to whom this process works for.

    Raises:
        UserError: As `create_training`, or there is no such recipe, run or setting.
    """
    run_id = create_training(asked_recipe(request), request.dataset, request.experiment, request.init, by)
    tags = {Tag.DEVICES: str(request.devices)} if request.devices > 1 else {}
    if request.branch:
        tags[Tag.BRANCHED_FROM] = request.branch
    if tags:
        set_tags(run_id, tags)
    return run_id


def asked_recipe(request: RecipeRequest) -> "Recipe":
    """Return the recipe that a request names, or that of the run it branches from, with its changes.

    Raises:
        UserError: There is no such recipe, run or setting.
    """
    from sem_models.config.overrides import override
    from sem_models.config.presets.table import find_recipe

    start = recipe_to_branch(request.branch) if request.branch else find_recipe(request.recipe or "")
    return override(start, request.changes)


def recipe_to_branch(run_id: str) -> "Recipe":
    """Read the recipe of a training, which another one can take over.

    Raises:
        UserError: There is no such training.
    """
    if not get_run(run_id).is_training:
        raise UserError(f"Run {run_id} is not a training and has no recipe; name a training.")
    return stored_recipe(run_id)


def create_training(
    recipe: "Recipe",
    dataset_name: str,
    experiment: str = Experiment.DEFAULT,
    init: RunRef | StarterRef | None = None,
    by: Person | None = None,
) -> str:
    """Create a SCHEDULED run that holds the resolved recipe and the dataset's manifest; return its id.

    With `init`, the generator starts from the weights of that run or starter model and the pixel stage is left out.

    Raises:
        UserError: There is no such dataset, or the recipe cannot learn from it.
    """
    with resolved(recipe, dataset_name, init) as (recipe, dataset, source):
        run_id = _new_run(recipe, dataset, experiment, by)
        if init and source:
            record_warm_start(run_id, init, source)
    return run_id


@contextlib.contextmanager
def resolved(
    recipe: "Recipe", dataset_name: str, init: RunRef | StarterRef | None
) -> "Iterator[tuple[Recipe, Dataset, Path | None]]":
    """Give the recipe as it will be trained, the dataset, and a folder with the weights to start from, if any.

    Raises:
        UserError: There is no such dataset, or the recipe cannot learn from it.
    """
    from sem_models.tasks.compatibility import adapt, check_compatible, refuse_ignored

    dataset = find_dataset(dataset_name)
    with contextlib.ExitStack() as open_things:
        source = open_things.enter_context(start_of(init)) if init else None
        recipe = adapt(recipe, dataset.manifest)
        recipe = begun_from(recipe, source) if source else recipe
        refuse_ignored(recipe, dataset.manifest)
        check_compatible(recipe, dataset.manifest)
        yield recipe, dataset, source


def _new_run(recipe: "Recipe", dataset: "Dataset", experiment: str, by: Person | None) -> str:
    name = dataset.folder.name
    tags = {
        Tag.TASK: recipe.task,
        Tag.RECIPE: recipe.name,
        Tag.DATASET: name,
        Tag.DATASET_DIGEST: dataset.digest,
        Tag.COMMIT: code_commit(),
        Tag.HOST: HOST,
        Tag.HOME: str(home().root),
        Tag.NOTE: described(recipe, name),
    }
    run_id = create_run(experiment, f"{recipe.name} on {name}", "training", flat_parameters(recipe), tags, by)
    put_text(run_id, Artifact.RECIPE, recipe.model_dump_json(indent=1) + "\n")
    put_json(run_id, Artifact.MANIFEST, dataset.manifest.model_dump(mode="json"))
    attach_dataset(run_id, dataset, "training")
    return run_id

"""Use case: a recipe and a dataset become a run with a trained model."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.home import home
from pipelines.jobs.control import submit
from pipelines.jobs.liveness import HOST
from pipelines.jobs.worker_session import WorkerSession
from pipelines.tracking.artifacts import fetch, list_files, put_json, put_text
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.run_facts import code_commit, flat_parameters, stored_recipe
from pipelines.tracking.runs import create_run, get_run, set_status, set_tags
from pipelines.train.warm_start import model_of, pixel_end, record_warm_start, shortened
from sem_models.datasets.dataset import open_dataset
from sem_models.errors import UserError

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe
    from sem_models.datasets.dataset import Dataset
    from sem_models.training.trainer import TrainResult

DEFAULT_EXPERIMENT = "sem"
ProgressHook = Callable[[int, int, float], None]


def create_training(
    recipe: "Recipe", dataset_name: str, experiment: str = DEFAULT_EXPERIMENT, init: str | None = None
) -> str:
    """A SCHEDULED run that holds the resolved recipe and the dataset's manifest; returns its id.

    With `init`, the id of an earlier run, the restorer starts from its weights and the pixel stage is left out.

    Raises:
        UserError: There is no such dataset, or it is not one that the recipe can learn from.
    """
    from sem_models.tasks.compatibility import check_compatible, refuse_ignored
    from sem_models.tasks.label_maps import with_labels

    dataset = open_dataset(home().datasets / dataset_name)
    with contextlib.ExitStack() as open_things:
        source = open_things.enter_context(model_of(init, pixel_end(init))) if init else None
        recipe = with_labels(recipe, dataset.manifest)
        recipe = shortened(recipe, source) if source else recipe
        refuse_ignored(recipe, dataset.manifest)
        check_compatible(recipe, dataset.manifest)
        run_id = _new_run(recipe, dataset, dataset_name, experiment)
        if init and source:
            record_warm_start(run_id, init, source)
    return run_id


def _new_run(recipe: "Recipe", dataset: "Dataset", dataset_name: str, experiment: str) -> str:
    tags = {
        Tag.TASK: recipe.task,
        Tag.RECIPE: recipe.name,
        Tag.DATASET: dataset_name,
        Tag.DATASET_DIGEST: dataset.digest,
        Tag.COMMIT: code_commit(),
    }
    run_id = create_run(experiment, f"{recipe.name} on {dataset_name}", "training", flat_parameters(recipe), tags)
    put_text(run_id, Artifact.RECIPE, recipe.model_dump_json(indent=1) + "\n")
    put_json(run_id, Artifact.MANIFEST, dataset.manifest.model_dump(mode="json"))
    attach_dataset(run_id, dataset, "training")
    return run_id


def train(
    recipe: "Recipe",
    dataset_name: str,
    experiment: str,
    queued: bool,
    hook: ProgressHook | None = None,
    init: str | None = None,
) -> str:
    """Create a run and train it: detached where `queued`, else in this process; returns its id."""
    run_id = create_training(recipe, dataset_name, experiment, init)
    if queued:
        submit(run_id)
    else:
        run_training(run_id, hook=hook)
    return run_id


def run_training(
    run_id: str, resume: bool = False, hook: ProgressHook | None = None, on_wait: Callable[[int], None] | None = None
) -> "TrainResult | None":
    """Train a created run in this process; None where it was cancelled while it waited.

    Every way out writes the true state: FINISHED, KILLED (stopped or cancelled, state saved) or FAILED with the reason.
    """
    with WorkerSession(run_id, on_wait) as session:
        if not session.wait_for_slot():
            set_status(run_id, "KILLED", "Cancelled while it waited in the queue.")
            return None
        set_tags(run_id, {Tag.HOST: HOST, Tag.HOME: str(home().root)})
        set_status(run_id, "RUNNING")
        try:
            result = _train(run_id, resume, session, hook)
        except BaseException as error:
            # Where the store cannot take it (full disk, server away), `reconcile` says it later.
            with contextlib.suppress(Exception):
                set_status(run_id, "FAILED", _reason(error))
            raise
        stopped = result.reason == "stopped"
        set_status(run_id, "KILLED" if stopped else "FINISHED", "Cancelled; its state is saved." if stopped else "")
        return result


def _train(run_id: str, resume: bool, session: WorkerSession, hook: ProgressHook | None) -> "TrainResult":
    from pipelines.tracking.writer import RunWriter
    from sem_models.training.trainer import train as train_model

    recipe = stored_recipe(run_id)
    dataset = open_dataset(home().datasets / get_run(run_id).tags[Tag.DATASET])
    _refuse_changed_dataset(run_id, dataset.digest)
    work = home().work / run_id
    work.mkdir(parents=True, exist_ok=True)
    if resume:
        _bring_checkpoint(run_id, work)

    def tell(step: int, total: int, seconds_left: float) -> None:
        session.progress(step, total, seconds_left)
        if hook:
            hook(step, total, seconds_left)

    with contextlib.ExitStack() as open_things:
        from_earlier = Tag.INITIAL_RUN in get_run(run_id).tags and not resume
        initial = open_things.enter_context(model_of(run_id, Artifact.INITIAL_MODEL)) if from_earlier else None
        writer = open_things.enter_context(RunWriter(run_id, work, tell))
        result = train_model(recipe, dataset, work, writer, resume, session.should_stop, initial)
    set_tags(run_id, {Tag.BEST_STEP: str(result.best_step), Tag.ENDED_BY: result.reason})
    return result


def _refuse_changed_dataset(run_id: str, digest: str) -> None:
    tags = get_run(run_id).tags
    if tags[Tag.DATASET_DIGEST] != digest:
        raise UserError(f"Dataset {tags[Tag.DATASET]!r} has changed since run {run_id} was created; start a new run.")


def _bring_checkpoint(run_id: str, work: Path) -> None:
    """Where the working folder is gone (another machine, a clean-up), the stored checkpoints take its place."""
    if (work / "checkpoint-last").exists() or (work / ".checkpoint-last.previous").exists():
        return
    fetch(run_id, "checkpoints/last", work).rename(work / "checkpoint-last")
    # A run that was stopped before its first validation or its second stage has not all of them yet.
    stored = list_files(run_id, "checkpoints")
    for kind in ("best", "stage"):
        if f"checkpoints/{kind}" in stored:
            fetch(run_id, f"checkpoints/{kind}", work).rename(work / f"checkpoint-{kind}")


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"[:1000]

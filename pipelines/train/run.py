"""Use case: train a run, in this process or in one of its own."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pipelines.data.find import find_dataset
from pipelines.home import home
from pipelines.jobs.admission import admit
from pipelines.jobs.control import submit
from pipelines.jobs.liveness import HOST
from pipelines.jobs.quotas import require_quota
from pipelines.jobs.tasks import take_part
from pipelines.jobs.worker_session import WorkerSession
from pipelines.people.acting import acting_person
from pipelines.people.person import Person
from pipelines.progress import ProgressHook
from pipelines.tracking.address import without_secrets
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run, set_status, set_tags
from pipelines.train.companions import companions
from pipelines.train.create import schedule_training
from pipelines.train.metering import metered
from pipelines.train.requests import TrainRequest
from pipelines.train.resume import recover_checkpoint
from pipelines.train.warm_start import model_of
from sem_models.errors import Cancelled, UserError

if TYPE_CHECKING:
    from sem_models.reporter import Reporter
    from sem_models.training.trainer import TrainResult


def train(request: TrainRequest, hook: ProgressHook | None = None, by: Person | None = None) -> str:
    """Create a run and train it: detached if it is to be queued, else in this process; return its id."""
    by = by or acting_person()
    admit(request, by)
    if request.queue:
        require_quota(by)  # before a run is made that nobody would train
    run_id = schedule_training(request, by)
    if request.queue:
        submit(run_id, executor=request.executor, by=by)
    else:
        run_training(run_id, hook=hook)
    return run_id


def train_to_the_end(request: TrainRequest, hook: ProgressHook | None = None) -> str:
    """Train in this process, for use cases that continue with the result.

    Raises:
        Cancelled: The training was stopped before its end; its state is saved.
    """
    run_id = train(request, hook)
    if get_run(run_id).status == "KILLED":
        raise Cancelled
    return run_id


def run_training(
    run_id: str, resume: bool = False, hook: ProgressHook | None = None, on_wait: Callable[[int], None] | None = None
) -> "TrainResult | None":
    """Train a created run in this process; return None where it was cancelled while it waited.

    Every exit writes the true state: FINISHED, KILLED (stopped or cancelled, state saved) or FAILED with the reason.
    """
    take_part(run_id)
    with WorkerSession(run_id, on_wait, devices_of(run_id)) as session:
        if not session.wait_for_slot():
            set_status(run_id, "KILLED", "Cancelled while it waited in the queue.")
            return None
        set_tags(run_id, {Tag.HOST: HOST, Tag.HOME: str(home().root)})
        set_status(run_id, "RUNNING")
        try:
            with metered(run_id, devices_of(run_id)):
                result = _train(run_id, resume, session, hook)
        except BaseException as error:
            # Where the store cannot take it (full disk, server away), `reconcile` says it later.
            with contextlib.suppress(Exception):
                set_status(run_id, "FAILED", _reason(error))
            raise
        stopped = result.reason == "stopped"
        if stopped and session.may_come_again():
            # Written first: SLURM may end this process at once.
            set_status(run_id, "SCHEDULED", "SLURM needed its place, or its time was over; it goes on by itself.")
            if session.come_again():
                return result
        set_status(run_id, "KILLED" if stopped else "FINISHED", "Cancelled; its state is saved." if stopped else "")
        return result


def _train(run_id: str, resume: bool, session: WorkerSession, hook: ProgressHook | None) -> "TrainResult":
    from pipelines.tracking.writer import RunWriter
    from sem_models.training.preflight import preflight

    set_tags(run_id, {Tag.DEVICE: str(preflight())})
    dataset = find_dataset(get_run(run_id).tags[Tag.DATASET])
    _refuse_changed_dataset(run_id, dataset.digest)
    work = home().work / run_id
    work.mkdir(parents=True, exist_ok=True)
    going_on_at = recover_checkpoint(run_id, work) if resume else None

    def tell(step: int, total: int, seconds_left: float) -> None:
        session.progress(step, total, seconds_left)
        if hook:
            hook(step, total, seconds_left)

    goes_on = going_on_at is not None
    with (
        companions(run_id, devices_of(run_id), resume=goes_on),
        RunWriter(run_id, work, tell, (going_on_at or 0) if resume else None) as writer,
        opened(run_id, resume=goes_on) as training,
    ):
        result = training(writer, session.should_stop)
    set_tags(run_id, {Tag.BEST_STEP: str(result.best_step), Tag.ENDED_BY: result.reason})
    return result


@contextlib.contextmanager
def opened(run_id: str, *, resume: bool) -> "Iterator[Callable[..., TrainResult]]":
    """Give the training of a run, to be called with a reporter and, in its first process, with what asks it to stop."""
    from sem_models.training.trainer import train as train_model

    run = get_run(run_id)
    recipe, dataset = stored_recipe(run_id), find_dataset(run.tags[Tag.DATASET])
    with contextlib.ExitStack() as open_things:
        from_earlier = Tag.INITIAL_RUN in run.tags and not resume
        initial = open_things.enter_context(model_of(run_id, Artifact.INITIAL_MODEL)) if from_earlier else None

        def training(reporter: "Reporter", should_stop: Callable[[], bool] = lambda: False) -> "TrainResult":
            work, devices = home().work / run_id, devices_of(run_id)
            return train_model(recipe, dataset, work, reporter, resume, should_stop, initial, devices)

        yield training


def devices_of(run_id: str) -> int:
    """Return on how many devices a run is trained."""
    return get_run(run_id).devices


def _refuse_changed_dataset(run_id: str, digest: str) -> None:
    tags = get_run(run_id).tags
    if tags[Tag.DATASET_DIGEST] != digest:
        raise UserError(f"Dataset {tags[Tag.DATASET]!r} has changed since run {run_id} was created; start a new run.")


def _reason(error: BaseException) -> str:
    text = without_secrets(" ".join(str(error).split()))
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"[:1000]

"""`train`, `interpolate` and `lesson`."""

from typing import Annotated, Any

import typer

from pipelines.cli import measure
from pipelines.cli.app import INTERRUPTED, Output, command
from pipelines.jobs.choice import ExecutorName
from pipelines.request import Request
from pipelines.tracking.keys import Experiment, Tag
from pipelines.tracking.runs import get_run, set_tags
from pipelines.train.companions import is_companion, is_torchrun, run_of_torchrun, torchrun_devices
from pipelines.train.requests import (
    FindRateRequest,
    InterpolateRequest,
    LessonRequest,
    ProbeRequest,
    ResumeRequest,
    TrainRequest,
)
from sem_models.errors import FieldRef, UserError


def _summary(request: type[Request]) -> str:
    return (request.__doc__ or "").splitlines()[0]


@command(name="train", stores=True)
def train_or_resume(
    out: Output,
    recipe: Annotated[str | None, typer.Option(help=TrainRequest.description("recipe"))] = None,
    dataset: Annotated[str | None, typer.Option(help=TrainRequest.description("dataset"))] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help=TrainRequest.description("changes"))] = None,
    experiment: Annotated[str, typer.Option(help=TrainRequest.description("experiment"))] = Experiment.DEFAULT,
    resume: Annotated[str | None, typer.Option(help=ResumeRequest.description("run_id"))] = None,
    init: Annotated[str | None, typer.Option(help=TrainRequest.description("init"))] = None,
    queue: Annotated[bool, typer.Option("--queue", help=TrainRequest.description("queue"))] = False,
    executor: Annotated[ExecutorName | None, typer.Option(help=TrainRequest.description("executor"))] = None,
    devices: Annotated[int | None, typer.Option(help=TrainRequest.description("devices"))] = None,
    branch: Annotated[str | None, typer.Option(help=TrainRequest.description("branch"))] = None,
    probe: Annotated[bool, typer.Option("--probe", help=_summary(ProbeRequest))] = False,
    find_rate: Annotated[bool, typer.Option("--find-rate", help=_summary(FindRateRequest))] = False,
) -> int | None:
    """Train a recipe on a dataset, here or in the queue; Ctrl-C saves the state."""
    if is_companion():
        _follow()
        return None
    devices = devices or (torchrun_devices() if is_torchrun() else None)
    if resume:
        return go_on(ResumeRequest(run_id=resume, queue=queue, executor=executor, devices=devices), out)
    if branch and not dataset:
        dataset = get_run(branch).tags.get(Tag.DATASET)
    if not ((recipe or branch) and dataset):
        raise UserError("Name a ", FieldRef("recipe"), " and a ", FieldRef("dataset"), ", or a run to resume.")
    named: dict[str, Any] = {
        "recipe": recipe, "branch": branch, "dataset": dataset, "changes": changes or (), "init": init
    }  # fmt: skip
    if probe:
        measure.probe(ProbeRequest(**named), out)
    if find_rate:
        measure.find_rate(FindRateRequest(**named), out)
    if probe or find_rate:
        return None
    return train(
        TrainRequest(**named, experiment=experiment, queue=queue, executor=executor, devices=devices or 1), out
    )


def train(request: TrainRequest, out: Output) -> int | None:
    """Start a new run."""
    from pipelines.jobs import control
    from pipelines.train.create import schedule_training

    control.reconcile()
    run_id = schedule_training(request)
    out.text(f"Run {run_id}")
    if request.queue:
        control.submit(run_id, executor=request.executor)
        _queued(run_id, out)
        return None
    return _train(run_id, out, resume=False)


def go_on(request: ResumeRequest, out: Output) -> int | None:
    """Continue an earlier run that was stopped."""
    from pipelines.jobs import control

    control.reconcile()
    control.refuse_unless_resumable(request.run_id)
    out.text(f"Run {request.run_id}")
    if request.devices:
        set_tags(request.run_id, {Tag.DEVICES: str(request.devices)})
    if request.queue:
        control.resume(request.run_id, executor=request.executor)
        _queued(request.run_id, out)
        return None
    return _train(request.run_id, out, resume=True)


def _follow() -> None:
    """Train as another process of torchrun, beside the first one, which creates or resumes the run."""
    from pipelines.train.companion import follow

    run_id, resumed = run_of_torchrun()
    follow(run_id, resume=resumed, started_by_us=False)


def _queued(run_id: str, out: Output) -> None:
    out.result({"run_id": run_id, "status": "SCHEDULED"})


def _train(run_id: str, out: Output, *, resume: bool) -> int | None:
    from pipelines.tracking.runs import run_warnings
    from pipelines.train.run import run_training

    result = run_training(
        run_id,
        resume=resume,
        hook=out.progress.training,
        on_wait=lambda position: out.text(f"Waiting for a free slot; position {position} in the queue."),
    )
    if result is None or result.reason == "stopped":
        out.text(f"Stopped; the state is saved. Resume with: python -m pipelines train --resume {run_id}")
        out.result({"run_id": run_id, "status": "KILLED", "step": result.step if result else 0})
        return INTERRUPTED
    for warning in run_warnings(run_id):
        out.text(f"Warning: {warning}")
    scores = "  ".join(f"{key} {value:.4f}" for key, value in result.best.items())
    out.text(f"Finished at step {result.step} ({result.reason}). Best at step {result.best_step}: {scores}")
    out.result(
        {"run_id": run_id, "status": "FINISHED", "step": result.step, "best_step": result.best_step, **result.best}
    )
    return None


@command(InterpolateRequest, "run_id", stores=True)
def interpolate(request: InterpolateRequest, out: Output) -> None:
    """Make a model between the faithful and the sharp end of a GAN training, without training."""
    from pipelines.train.interpolate import interpolate as run

    new_run = run(request)
    out.text(f"Run {new_run}: score it with python -m pipelines evaluate {new_run} --dataset NAME")
    out.result({"run_id": new_run, "from": request.run_id, "alpha": request.alpha})


@command(LessonRequest, stores=True)
def lesson(request: LessonRequest, out: Output) -> None:
    """Simulate micrographs, prepare them, and train, score and register a model, in about two minutes on two cores."""
    from pipelines.counts import gain_text
    from pipelines.lesson import lesson as run

    result = run(request, out.progress, out.progress.training)
    gain = result["gain_db"]
    out.text(f"Micrographs simulated in {result['raw_images']}, prepared as dataset {result['dataset']}.")
    out.text(f"Run {result['run_id']} trained, scored and registered as {result['model']}.")
    out.text(f"Test PSNR {result['psnr_db']:.2f} dB, bicubic baseline {result['floor_psnr_db']:.2f} dB.")
    if isinstance(gain, dict):
        out.text(f"Gain {gain_text(gain)}.")
    out.text("Next: `make app`, or prepare your own images with `python -m pipelines prepare FOLDER --name NAME`.")
    out.result(result)

"""`train` and `demo`."""

from typing import Annotated

import typer

from pipelines.cli.app import INTERRUPTED, AsJson, Output, app, command
from sem_models.errors import UserError


@app.command()
@command
def train(
    recipe: Annotated[str | None, typer.Option(help="Name of a recipe (see `recipes`).")] = None,
    dataset: Annotated[str | None, typer.Option(help="Name of a prepared dataset.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, for example train.steps=200.")
    ] = None,
    experiment: Annotated[str, typer.Option(help="Experiment in MLflow.")] = "sem",
    resume: Annotated[str | None, typer.Option(help="Go on with this run.")] = None,
    init: Annotated[
        str | None, typer.Option(help="Start from what this run learned by pixel losses; that stage is left out.")
    ] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Train in the background, when a slot is free.")] = False,
    as_json: AsJson = False,
) -> int | None:
    """Train a recipe on a dataset, here or in the queue; Ctrl-C saves the state."""
    from pipelines.jobs import control
    from pipelines.tracking.runs import run_warnings
    from pipelines.train.create import create_training
    from pipelines.train.run import run_training

    out = Output(as_json)
    control.reconcile()
    if resume:
        control.refuse_unless_resumable(resume)
        run_id = resume
    elif recipe and dataset:
        from sem_models.config.overrides import override
        from sem_models.config.presets.table import find_recipe

        run_id = create_training(override(find_recipe(recipe), assignments or []), dataset, experiment, init)
    else:
        raise UserError("Name a --recipe and a --dataset, or a run to --resume.")
    out.text(f"Run {run_id}")
    if queue:
        control.resume(run_id) if resume else control.submit(run_id)
        out.result({"run_id": run_id, "status": "SCHEDULED"})
        return None
    result = run_training(
        run_id,
        resume=resume is not None,
        hook=out.progress.training,
        on_wait=lambda position: out.text(f"Waiting for a free slot; position {position} in the queue."),
    )
    if result is None or result.reason == "stopped":
        out.text(f"Stopped; the state is saved. Go on with: python -m pipelines train --resume {run_id}")
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


@app.command()
@command
def interpolate(
    run_id: Annotated[str, typer.Argument(help="A training with a pixel and an adversarial stage.")],
    alpha: Annotated[float, typer.Option(help="0: pixel losses only; 1: the adversarial end.", min=0, max=1)] = 0.5,
    as_json: AsJson = False,
) -> None:
    """A model between the faithful and the sharp end of a GAN training; no training needed."""
    from pipelines.train.interpolate import interpolate as run

    out = Output(as_json)
    new_run = run(run_id, alpha)
    out.text(f"Run {new_run}: score it with python -m pipelines evaluate {new_run} --dataset NAME")
    out.result({"run_id": new_run, "from": run_id, "alpha": alpha})


@app.command()
@command
def demo(as_json: AsJson = False) -> None:
    """The whole way on simulated micrographs, in under three minutes on two cores."""
    from pipelines.demo import demo as run

    out = Output(as_json)
    result = run(out.progress, out.progress.training)
    gain = result["gain_db"]
    out.text(f"Micrographs simulated in {result['raw_images']}, prepared as dataset {result['dataset']}.")
    out.text(f"Run {result['run_id']} trained, scored and registered as {result['model']}.")
    out.text(f"Test PSNR {result['psnr_db']:.2f} dB, bicubic baseline {result['floor_psnr_db']:.2f} dB.")
    if isinstance(gain, dict):
        out.text(f"Gain {gain['mean']:+.2f} dB, 95 % interval {gain['lo']:+.2f} to {gain['hi']:+.2f}, n = {gain['n']}.")
    out.text("Next: `make app`, or prepare your own images with `python -m pipelines prepare FOLDER --name NAME`.")
    out.result(result)

"""`judge`: what a denoising removed, where there is no clean image to compare with."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import AsJson, Output, app, command
from pipelines.cli.models import Model


@app.command()
@command
def judge(
    model: Model,
    file: Annotated[Path, typer.Argument(help="A noisy image.")],
    second: Annotated[Path | None, typer.Argument(help="Another frame of the same field, noisy too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Restore an image and judge, without a clean one, what was removed."""
    from pipelines.evaluate.no_reference import judge as run
    from sem_models.evaluation.metrics.no_reference import MEASURES

    out = Output(as_json)
    verdict = run(model, file, second, out.progress)
    out.text(f"{verdict.model} on {verdict.source}" + (f", second frame {verdict.second}" if second else ""))
    for name, measure in MEASURES.items():
        if name in verdict.scores:
            out.text(f"  {measure.heading:45s} {verdict.scores[name]:10.4f} {measure.unit}".rstrip())
    for note in verdict.notes:
        out.text(f"  Note: {note}")
    out.result(asdict(verdict))

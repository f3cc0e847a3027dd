"""`synthesise` and `translate`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.app import AsJson, Output, app, command

Sampling = Annotated[
    list[str] | None,
    typer.Option("--set", help="diffusion.sampling.KEY=VALUE: steps or guidance, e.g. diffusion.sampling.steps=20."),
]
Out = Annotated[Path, typer.Option(help="Folder for the results.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that are in --out.")]
Seed = Annotated[int, typer.Option(help="Equal seeds give equal images.", min=0)]
Diffusion = "run id, models:/NAME@ALIAS or models:/NAME/VERSION of a diffusion model"


@app.command()
@command
def synthesise(
    model: Annotated[str, typer.Argument(help=f"A {Diffusion}.")],
    out: Out,
    count: Annotated[int, typer.Option(help="Images, where there are no masks.", min=1, max=99_999)] = 4,
    size: Annotated[int, typer.Option(help="Height and width in px, where there are no masks.", min=16)] = 256,
    masks: Annotated[Path | None, typer.Option(help="Label maps to draw after: a file or a folder.")] = None,
    samples: Annotated[
        int, typer.Option(help="Images for each mask; of several also mean and deviation.", min=1, max=64)
    ] = 1,
    seed: Seed = 0,
    changes: Sampling = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Draw micrographs by a diffusion model, out of noise alone or after label maps."""
    from pipelines.predict.synthesise import Wanted
    from pipelines.predict.synthesise import synthesise as run

    output = Output(as_json)
    wanted = Wanted(model, out, count, size, masks, samples, seed, changes or (), overwrite)
    results = run(wanted, output.progress)
    for result in results:
        output.text(result.error or (f"{result.mask} -> {result.output}" if result.mask else str(result.output)))
    output.result({"results": [asdict(result) for result in results]})


@app.command()
@command
def translate(
    inputs: Annotated[list[Path], typer.Argument(help="Image files and folders.")],
    out: Out,
    to: Annotated[str, typer.Option(help=f"Target contrast: {Diffusion}.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Contrast of the inputs: likewise, for ddib alone.")
    ] = None,
    method: Annotated[
        Literal["sdedit", "ddib"], typer.Option(help="Noise and redraw, or noise of one model drawn by the other.")
    ] = "sdedit",
    strength: Annotated[float, typer.Option(help="sdedit: 0 keeps the input, 1 forgets it.", min=0.01, max=1)] = 0.4,
    pixel_size: Annotated[float | None, typer.Option(help="Pixel size of the inputs in nm.", min=0)] = None,
    seed: Seed = 0,
    changes: Sampling = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Redraw micrographs in another contrast by diffusion models that never saw pairs."""
    from pipelines.predict.translate import Translation
    from pipelines.predict.translate import translate as run

    output = Output(as_json)
    size = pixel_size or None
    wanted = Translation(tuple(inputs), out, to, method, source, strength, seed, changes or (), overwrite, size)
    results = run(wanted, output.progress)
    for result in results:
        output.text("; ".join([result.error or f"{result.source} -> {result.output}", *result.notes]))
    output.result({"results": [asdict(result) for result in results]})

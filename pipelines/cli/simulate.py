"""`simulate`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import AsJson, Output, app, command
from sem_models.errors import UserError


@app.command()
@command
def simulate(
    name: Annotated[str, typer.Option(help="Name of the dataset.")],
    count: Annotated[int, typer.Option(help="Images.", min=3, max=99_999)] = 200,
    size: Annotated[int, typer.Option(help="Height and width of an image in px.", min=32, max=8192)] = 384,
    period: Annotated[
        str | None, typer.Option(help="Shortest and longest lattice period in px [default: 8,14].")
    ] = None,
    dents: Annotated[bool, typer.Option(help="Add bumps and depressions of 2 to 8 periods.")] = True,
    like: Annotated[
        Path | None, typer.Option(help="A real micrograph whose period, direction and pixel size to take.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal images.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate clean atomic lattices as a dataset; training adds the noise (--set degradation.dose_e_per_px=...)."""
    from pipelines.data.simulate import DEFAULT_PERIOD_PX, Simulation
    from pipelines.data.simulate import like as resemble
    from pipelines.data.simulate import simulate as run

    out = Output(as_json)
    if like and period:
        raise UserError("--like takes the period from the file; leave --period or --like out.")
    asked = Simulation(name, count, size, _range(period) if period else DEFAULT_PERIOD_PX, dents=dents, seed=seed)
    asked = resemble(like, asked) if like else asked
    done = run(asked, out.progress)
    counts = {split: len(done.dataset.entries(split)) for split in ("train", "val", "test")}
    shortest, longest = asked.period_px
    out.text(
        f"{count:,} lattices of {size} x {size} px, period {shortest:.4g} to {longest:.4g} px, {done.dents:,} dents"
    )
    out.text(f"Images and their settings: {done.raw}")
    out.text(
        f"Dataset {name}: {counts['train']} train, {counts['val']} val, {counts['test']} test; "
        f"{done.dataset.digest[:12]}"
    )
    result = {"digest": done.dataset.digest, "folder": str(done.dataset.folder), "run_id": done.run_id}
    out.result({**asdict(asked), **result, "raw": str(done.raw), "images": counts, "dents": done.dents})


def _range(text: str) -> tuple[float, float]:
    try:
        shortest, longest = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(f"--period {text!r} is not two numbers; write it like 8,14.") from error
    return shortest, longest

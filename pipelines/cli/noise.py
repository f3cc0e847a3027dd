"""`noise`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import AsJson, Output, app, command


@app.command()
@command
def noise(
    file: Annotated[Path, typer.Argument(help="A micrograph as the instrument wrote it.")],
    second: Annotated[Path | None, typer.Argument(help="Another frame of the same field: more exact.")] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate dose, read noise and banding, and say which settings make a training match them."""
    from pipelines.data.noise import measure_noise

    out = Output(as_json)
    found = measure_noise(file, second)
    dose = f"{found.dose_e_per_px:.4g} e/px at white" if found.dose_e_per_px else "no shot noise"
    out.text(f"From {found.source}; 0 to 1 is the intensity range of {file.name}")
    out.text(f"  dose        {dose}")
    out.text(f"  read noise  {found.read_noise:.4g} of the range")
    out.text(f"  banding     {f'{found.banding:.3g} of the range' if found.banding else 'none found'}")
    for mean in (found.bins.mean[0], found.bins.mean[len(found.bins.mean) // 2], found.bins.mean[-1]):
        out.text(f"  noise at brightness {mean:.2f}: {found.variance(max(mean, 0.0)) ** 0.5:.4g}")
    for caveat in found.caveats:
        out.text(f"Note: {caveat}")
    out.text(" ".join(f"--set {assignment}" for assignment in found.assignments))
    facts = asdict(found)
    facts["cautions"] = facts.pop("caveats")  # the name that scripts know
    out.result({**facts, "assignments": found.assignments})

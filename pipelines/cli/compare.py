"""`compare`: runs side by side with their baselines, and each against a reference, image by image."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.app import AsJson, Output, app, command
from sem_models.errors import UserError

if TYPE_CHECKING:
    from pipelines.evaluate.compare import Comparison
    from pipelines.evaluate.paired import PairedComparison


@app.command()
@command
def compare(
    run_ids: Annotated[list[str] | None, typer.Argument(help="Runs.")] = None,
    experiment: Annotated[str | None, typer.Option(help="All runs of this experiment.")] = None,
    reference: Annotated[str | None, typer.Option(help="Run that the others are paired with; else the best.")] = None,
    metric: Annotated[str | None, typer.Option(help="By which the best is chosen; psnr_db if not given.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Folder for the paired differences and ranks as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put evaluated runs side by side, with their baselines, and pair them image by image."""
    from pipelines.evaluate.compare import compare as run
    from pipelines.evaluate.paired import compare_pairs
    from pipelines.evaluate.score import summary
    from pipelines.evaluate.tables import json_content

    if not run_ids and not experiment:
        raise UserError("Name run ids or an --experiment to compare.")
    out = Output(as_json)
    comparison = run(run_ids or [], experiment)
    paired = compare_pairs(comparison, metric, reference)
    _say_means(out, comparison)
    _say_pairs(out, paired)
    for path in _write(csv, paired) if csv else ():
        out.text(str(path))
    runs = [{"run_id": c.run.run_id, "name": c.run.name, **summary(c.report)} for c in comparison.columns]
    out.result({"runs": runs, "warnings": list(comparison.warnings), "paired": json_content(paired)})


def _say_means(out: Output, comparison: "Comparison") -> None:
    from pipelines.cli.scores import say_means

    first = comparison.columns[0].report
    out.text(f"{first.dataset}, {first.split} split, {first.images} images of {first.groups} groups")
    rows = [(column.run.name, column.report, column.report.model) for column in comparison.columns]
    rows += [(baseline, first, baseline) for baseline in comparison.baselines]
    for name, report, method in rows:
        out.text(f"  {name}")
        say_means(out, report, method, comparison.metrics)
    for warning in comparison.warnings:
        out.text(f"  Warning: {warning}")


def _say_pairs(out: Output, paired: "PairedComparison") -> None:
    from pipelines.evaluate.tables import CAPTION, difference_rows, rank_rows

    if paired.pairings:
        out.text(f"Against {paired.reference.label}. {CAPTION}")
        say_table(out, difference_rows(paired))
        out.text("Rank among the models, mean over images (1 is best)")
        say_table(out, rank_rows(paired))
    for caveat in paired.caveats:
        out.text(f"  Note: {caveat}")


def say_table(out: Output, rows: Sequence[dict[str, Any]]) -> None:
    """Columns as wide as their widest cell."""
    lines = [list(rows[0]), *([str(cell) for cell in row.values()] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        out.text("  " + "  ".join(cells).rstrip())


def _write(folder: Path, paired: "PairedComparison") -> list[Path]:
    from pipelines.evaluate.tables import csv_files

    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / name: content for name, content in csv_files(paired).items()}
    for path, content in files.items():
        path.write_text(content)
    return list(files)

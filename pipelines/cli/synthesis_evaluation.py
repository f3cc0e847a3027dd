"""`consistency`, `round-trip`, `downstream`, `bridge`: what drawings from masks are worth, and contrasts joined."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.cli.app import AsJson, Output, app, command
from pipelines.cli.models import Model
from pipelines.json_safe import to_json_safe
from sem_models.errors import UserError

if TYPE_CHECKING:
    from sem_models.evaluation.statistics.intervals import Interval

Synthesiser = Annotated[
    str, typer.Argument(help="Model of task synthesis: run id, models:/NAME@ALIAS or models:/NAME/VERSION.")
]


@app.command()
@command
def consistency(
    synthesiser: Synthesiser,
    segmenter: Annotated[str, typer.Option(help="Segmentation model that was trained on real images.")],
    dataset: Annotated[str, typer.Option(help="Name of a masked dataset.")],
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Part of the dataset.")] = "test",
    as_json: AsJson = False,
) -> None:
    """Draw masks, find them again in the drawings, and compare with what is found in real images."""
    from pipelines.evaluate.mask_consistency import consistency as run

    out = Output(as_json)
    report, run_id = run(synthesiser, segmenter, dataset, split, out.progress)
    table = {method: {name: report.interval(method, name) for name in report.metrics} for method in report.methods}
    _say_table(out, table)
    for note in report.notes:
        out.text(f"  Note: {note}")
    out.result({"run_id": run_id, "dice": _plain(table), "notes": report.notes})


@app.command("round-trip")
@command
def round_trip(
    there: Model,
    back: Model,
    dataset: Annotated[str, typer.Option(help="A prepared dataset; its first domain is translated.")],
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Part of the dataset.")] = "test",
    as_json: AsJson = False,
) -> None:
    """Translate images with one model and back with another, and compare them with what they were."""
    from pipelines.evaluate.round_trip import round_trip as run

    out = Output(as_json)
    result, run_id = run(there, back, dataset, split, out.progress)
    _say_table(out, {f"{result.there}, then {result.back}": result.scores})
    out.text("  Note: models that change nothing come back perfectly; look at mae_between, and at the images.")
    out.result({"run_id": run_id, **to_json_safe(asdict(result))})


@app.command()
@command
def downstream(
    synthesiser: Synthesiser,
    dataset: Annotated[str, typer.Option(help="Name of a masked dataset of real images.")],
    recipe: Annotated[str, typer.Option(help="Recipe of task segmentation.")] = "unet-segment-small",
    seeds: Annotated[int, typer.Option(help="Networks for each training set; 3 show what chance does.", min=1)] = 1,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of the recipe, for example train.steps=200.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a segmentation on real, synthetic and both, and test each on the same real images."""
    from pipelines.evaluate.downstream import downstream as run

    out = Output(as_json)
    worth, run_id = run(synthesiser, dataset, recipe, seeds, assignments or (), out.progress, out.progress.training)
    out.text(f"Trained on ... tested on {worth.images} real image(s) of {worth.groups} specimen(s) of {dataset}")
    _say_table(out, worth.dice)
    out.text("Difference from real, image by image")
    _say_table(out, worth.against_real)
    for note in worth.notes:
        out.text(f"  Note: {note}")
    out.result({"run_id": run_id, **to_json_safe(asdict(worth))})


@app.command()
@command
def bridge(
    inputs: Annotated[list[Path], typer.Argument(help="Micrographs, files or folders.")],
    segmenter: Annotated[str, typer.Option(help="Segmentation model of the contrast of the inputs.")],
    synthesiser: Annotated[str, typer.Option(help="Synthesis model of the other contrast.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="A=B: label A of the segmenter is B of the synthesiser. Repeat.")
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(help="Pixel size of the inputs in nm.", min=0)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Redraw micrographs in another contrast: find their mask, draw from it."""
    from pipelines.predict.mask_translation import bridge as run

    said = Output(as_json)
    table = dict(map(_labels, mapping)) if mapping else None
    results = run(inputs, segmenter, synthesiser, out, table, pixel_size or None, said.progress, overwrite=overwrite)
    for result in results:
        what = result.error or f"{result.output} (mask {result.mask})"
        said.text(f"{result.source}: {'; '.join([what, *result.notes])}")
    said.text("Only what the mask says comes from the input; texture and detail are invented.")
    said.result({"results": [asdict(result) for result in results]})


def _labels(text: str) -> tuple[int, int]:
    try:
        first, second = text.split("=")
        return int(first), int(second)
    except ValueError as error:
        raise UserError(f"--map {text}: write it as A=B with whole numbers, for example --map 255=1.") from error


def _say_table(out: Output, table: "dict[str, dict[str, Interval]]") -> None:
    """A line a row and metric: mean and interval."""
    for name, row in table.items():
        out.text(f"  {name}")
        for metric, score in row.items():
            limits = f"[{score.lo:.4f}, {score.hi:.4f}]" if score.lo == score.lo else "[fewer than 3 specimens]"
            out.text(f"    {metric:14s} {score.mean:8.4f} {limits}, n = {score.n}")


def _plain(table: "dict[str, dict[str, Interval]]") -> dict[str, Any]:
    content: dict[str, Any] = to_json_safe(
        {key: {name: asdict(score) for name, score in row.items()} for key, row in table.items()}
    )
    return content

"""`evaluate`, `predict`, `register`, `export` and `serve`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.cli.app import AsJson, Output, app, command

if TYPE_CHECKING:
    from pipelines.predict.files import Prediction

Model = Annotated[
    str,
    typer.Argument(
        help="Run id, RUN_ID:backward (the way back of a CycleGAN), models:/NAME@ALIAS, models:/NAME/VERSION, or a "
        "baseline such as baseline:bicubic."
    ),
]
BaselineScale = Annotated[int, typer.Option(help="Scale of a baseline; models know their own.", min=1, max=16)]


@app.command()
@command
def evaluate(
    model: Model,
    dataset: Annotated[str, typer.Option(help="Name of a prepared dataset.")],
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Part of the dataset.")] = "test",
    scale: BaselineScale = 4,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="degradation.KEY=VALUE: inputs made in another way, e.g. degradation.blur.size_px=3,3."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score a model and its baselines on whole images of a split."""
    from pipelines.cli.scores import say_gains, say_means
    from pipelines.evaluate.score import evaluate as run
    from pipelines.evaluate.score import summary

    out = Output(as_json)
    report, run_id = run(model, dataset, split, scale, out.progress, changes=changes or ())
    out.text(f"{report.model} on {dataset}, {split} split, {report.images} images of {report.groups} groups")
    for method in report.methods:
        out.text(f"  {method}")
        say_means(out, report, method, report.metrics)
    for baseline in report.methods[1:]:
        out.text(f"  {report.model} minus {baseline}")
        say_gains(out, report, baseline)
    for note in report.notes:
        out.text(f"  {note}")
    out.result({"run_id": run_id, **summary(report)})


@app.command()
@command
def predict(
    model: Model,
    inputs: Annotated[list[Path], typer.Argument(help="Image files and folders.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    scale: BaselineScale = 4,
    tile: Annotated[int | None, typer.Option(help="Edge of a tile in input pixels; chosen by itself.", min=32)] = None,
    databar: Annotated[
        Literal["cut", "keep"], typer.Option(help="The instrument's data bar: cut as `prepare` does, or keep it.")
    ] = "cut",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are in --out.")] = False,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="diffusion.sampling.KEY=VALUE, of a diffusion model.")
    ] = None,
    extra_inputs: Annotated[
        list[Path] | None,
        typer.Option("--with", help="Further inputs, matched by name: their channels follow those of INPUTS. Repeat."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Apply a model to images or label maps; results are TIFF of the input's type, with pixel size and provenance."""
    from pipelines.predict.files import predict as run

    output = Output(as_json)
    results = run(
        model,
        inputs,
        out,
        scale,
        tile,
        output.progress,
        databar=databar,
        overwrite=overwrite,
        changes=changes or (),
        extra_inputs=extra_inputs or (),
    )
    for result in results:
        bar = f" without {result.databar_rows} rows of data bar" if result.databar_rows else ""
        source = " + ".join((result.source, *result.extra_inputs))
        output.text(result.error or f"{source} -> {result.output}{bar}")
    output.result({"results": [_facts(result) for result in results]})


def _facts(result: "Prediction") -> dict[str, Any]:
    """One result for scripts, which know the files beside the first as `further`."""
    facts = asdict(result)
    facts["further"] = facts.pop("extra_inputs")
    return facts


@app.command()
@command
def register(
    run_id: Annotated[str, typer.Argument(help="A finished training; RUN_ID:backward for the way back of a CycleGAN.")],
    name: Annotated[str, typer.Option(help="Name of the registered model.")],
    alias: Annotated[str, typer.Option(help="Alias that will point to this version.")] = "champion",
    as_json: AsJson = False,
) -> None:
    """Make the best checkpoint of a run a registered model."""
    from pipelines.release.register import register as run

    out = Output(as_json)
    version = run(run_id, name, alias)
    out.text(f"models:/{name}/{version}, also models:/{name}@{alias}")
    out.result({"name": name, "version": version, "alias": alias, "model": f"models:/{name}@{alias}"})


@app.command()
@command
def export(
    model: Model,
    form: Annotated[str, typer.Option("--format", help="folder (for `sem_models.load_model`), onnx or bioimageio.")],
    out: Annotated[Path, typer.Option(help="File or folder to write.")],
    as_json: AsJson = False,
) -> None:
    """Write a model for other programs, checked against this one."""
    from pipelines.release.export import export as run

    output = Output(as_json)
    path = run(model, form, out)
    size = sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size
    output.text(f"{path} ({size / 2**20:.1f} MiB)")
    output.result({"path": str(path), "format": form})


@app.command()
@command
def serve(
    model: Model,
    port: Annotated[int, typer.Option(help="Port on localhost.", min=1, max=65535)] = 5001,
) -> int:
    """Answer requests over HTTP until interrupted."""
    from pipelines.release.serve import serve as run

    return run(model, port)

"""`discriminate`: a fresh classifier against what models generate."""

from typing import Annotated

import typer

from pipelines.cli.app import AsJson, Output, app, command


@app.command()
@command
def discriminate(
    models: Annotated[
        list[str], typer.Argument(help="Run ids, RUN_ID:backward, models:/NAME@ALIAS or baselines; one judge.")
    ],
    dataset: Annotated[str, typer.Option(help="Name of a prepared dataset.")],
    split: Annotated[
        list[str] | None,
        typer.Option(help="train, val or test: whose images are judged; val and test if not given. May be repeated."),
    ] = None,
    training_images: Annotated[
        bool, typer.Option("--training-images", help="Judges also learn from the training split; with few groups.")
    ] = False,
    steps: Annotated[int, typer.Option(help="Training steps of each judge.", min=1)] = 200,
    patch: Annotated[int, typer.Option(help="Edge of the judged patches in px.", min=16)] = 64,
    as_json: AsJson = False,
) -> None:
    """Train fresh classifiers to tell generated from real images, on held-out groups; 0.5 is indistinguishable."""
    from pipelines.evaluate.discriminate import SPLITS
    from pipelines.evaluate.discriminate import discriminate as run
    from pipelines.evaluate.discriminate_table import CAPTION, TEXTURE_CAPTION, rows, texture_rows
    from sem_models.evaluation.discriminator.report import ClassifierSettings

    out = Output(as_json)
    settings = ClassifierSettings(steps=steps, patch_px=patch)
    reports = run(models, dataset, split or SPLITS, training_images, settings, out.progress)
    labelled = [(report.model, report) for report in reports]
    for table, caption in ((rows(labelled), CAPTION), (texture_rows(labelled), TEXTURE_CAPTION)):
        for row in table:
            for index, (name, cell) in enumerate(row.items()):
                out.text(f"  {name:45s} {cell}" if index else cell)
        out.text(caption)
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        out.text(f"  Note: {note}")
    out.result({"reports": [report.model_dump(mode="json") for report in reports]})

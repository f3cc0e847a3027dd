"""`prepare` and `recipes`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.app import AsJson, Output, app, command


@app.command()
@command
def recipes(as_json: AsJson = False) -> None:
    """List the recipes that can be trained."""
    from sem_models.config.networks.table import capabilities
    from sem_models.config.presets.table import RECIPES
    from sem_models.methods.table import stages
    from sem_models.networks.table import parameter_count

    out = Output(as_json)
    rows = []
    for recipe in RECIPES.values():
        facts = capabilities(recipe.network)
        rows.append(
            {
                "name": recipe.name,
                "task": recipe.task,
                "network": recipe.network.kind,
                "method": recipe.method,
                "scale": facts.scale,
                "channels_in": facts.channels_in,
                "channels_out": facts.channels_out,
                "parameters": parameter_count(recipe.network),
                "stages": [stage.name for stage in stages(recipe)],
            }
        )
        out.text(f"{recipe.name:20s} {rows[-1]['parameters']:>11,} parameters  {recipe.summary}")
    out.result({"recipes": rows})


@app.command()
@command
def prepare(
    raw: Annotated[list[Path], typer.Argument(help="Files and folders of raw micrographs.")],
    name: Annotated[str, typer.Option(help="Name of the dataset.")],
    kind: Annotated[
        Literal["single", "paired", "unpaired", "masked"],
        typer.Option(help="Images alone, two of each field, two contrasts, with masks."),
    ] = "single",
    target: Annotated[
        Path | None, typer.Option(help="Folder of targets (paired) or of the other domain (unpaired).")
    ] = None,
    extra_inputs: Annotated[
        list[Path] | None,
        typer.Option("--with", help="Folder of further inputs (paired): their channels follow those of RAW. Repeat."),
    ] = None,
    masks: Annotated[Path | None, typer.Option(help="Folder of label masks (masked).")] = None,
    mask_suffix: Annotated[
        str | None, typer.Option(help="What names of the masks to use end in, where an image has several.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option(help="Regular expression that finds the specimen in a file name.")
    ] = None,
    target_group_by: Annotated[
        str | None, typer.Option(help="The same for names in the other domain (unpaired), where they differ.")
    ] = None,
    test_groups: Annotated[
        str | None, typer.Option(help="Regular expression of the groups that are the test; the rest is dealt.")
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(help="Pixel size in nm, for all files.", min=0)] = None,
    databar_rows: Annotated[int | None, typer.Option(help="Rows of data bar to cut off every image.", min=0)] = None,
    register: Annotated[
        Literal["none", "shift", "translation", "rigid", "affine"],
        typer.Option(help="Pairs: crop by whole pixels (shift), or warp the input by mutual information."),
    ] = "none",
    max_residual: Annotated[
        float | None,
        typer.Option(
            help="Pairs with more median residual, in px, are set aside; inf: none is. 2 where pairs are registered.",
            min=0,
        ),
    ] = None,
    target_pixel_size: Annotated[
        float | None, typer.Option(help="Pixel size in nm of the targets, where theirs differs.", min=0)
    ] = None,
    resample: Annotated[
        float | None,
        typer.Option(help="Bring all images to this pixel size in nm (masks by majority of labels).", min=0),
    ] = None,
    seed: Annotated[int, typer.Option(help="Order in which groups are dealt to the splits.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Turn raw micrographs into a dataset: data bars cut, groups kept together, everything hashed."""
    from pipelines.data.pair_table import pair_lines
    from pipelines.data.prepare import prepare as run
    from sem_models.datasets.preparation.plan import Plan, class_lines
    from sem_models.datasets.preparation.resampling import becomes
    from sem_models.datasets.preparation.sources import PrepareOptions

    out = Output(as_json)

    def show(plan: Plan) -> None:
        out.text(f"{'image':44s} {'role':7s} {'group':14s} {'split':6s} {'size px':>11s} {'nm/px':>9s}  data bar")
        for image, later in zip(plan.images, becomes(plan.images, plan.options.resample_nm), strict=True):
            size = f"{image.shape[1]} x {image.shape[0]}"
            pixel = f"{image.pixel_size_nm:.4g}" if image.pixel_size_nm else "-"
            bar = f"{image.databar.rows} rows ({image.databar.found_by})" if image.databar.rows else "-"
            out.text(
                f"{image.source:44s} {image.role:7s} {image.group:14s} {image.split:6s} {size:>11s} {pixel:>9s}  {bar}"
                f"{later}"
            )
            for part in image.parts:
                out.text(f"  + {part.source}, {part.shape[2]} channel(s) of {image.shape[2]}")
        for line in (*pair_lines(plan.pairs), *class_lines(plan)):
            out.text(line)
        for note in plan.notes:
            out.text(f"Note: {note}")
        for skipped in plan.skipped:
            out.text(f"Left out: {skipped.reason}")

    options = PrepareOptions(
        name=name,
        raw=tuple(raw),
        kind=kind,
        target=target,
        masks=masks,
        group_by=group_by,
        target_group_by=target_group_by or None,
        test_groups=test_groups or None,
        pixel_size_nm=pixel_size or None,
        databar_rows=databar_rows,
        register=register,
        max_residual_px=max_residual,
        seed=seed,
        mask_suffix=mask_suffix,
        extra_inputs=tuple(extra_inputs or ()),
        target_pixel_size_nm=target_pixel_size or None,
        resample_nm=resample or None,
    )
    dataset, run_id = run(options, out.progress, show)
    counts = {split: len(dataset.entries(split)) for split in ("train", "val", "test")}
    out.text(
        f"Dataset {name}: {counts['train']} train, {counts['val']} val, {counts['test']} test; {dataset.digest[:12]}"
    )
    skipped = [item.model_dump() for item in dataset.manifest.skipped]
    shifts = {entry.name: entry.shift_px for entry in dataset.manifest.entries if entry.shift_px}
    result = {"name": name, "digest": dataset.digest, "folder": str(dataset.folder), "run_id": run_id}
    residuals = {entry.name: entry.residual.model_dump() for entry in dataset.manifest.entries if entry.residual}
    out.result({**result, "images": counts, "skipped": skipped, "shifts_px": shifts, "residuals": residuals})

"""`evaluate`, `compare`, `gallery`, `judge`, `discriminate`, `consistency`, `round-trip` and `downstream`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.app import Output, command
from pipelines.cli.lines import write_gains, write_intervals, write_means, write_table
from pipelines.counts import counted
from pipelines.evaluate.requests import (
    CompareRequest,
    DiscriminateRequest,
    DownstreamRequest,
    EvaluateRequest,
    GalleryRequest,
    MaskConsistencyRequest,
    NoReferenceRequest,
    RoundTripRequest,
)
from sem_models.errors import UserError

if TYPE_CHECKING:
    from pipelines.evaluate.compare import Comparison
    from pipelines.evaluate.paired import PairedComparison


@command(EvaluateRequest, "model", stores=True)
def evaluate(request: EvaluateRequest, out: Output) -> None:
    """Score a model and its baselines on whole images of a split."""
    from pipelines.evaluate.reports import summary
    from pipelines.evaluate.score import evaluate as run

    report, run_id = run(request, out.progress)
    told = "" if report.strength_px is None else f" at strength {report.strength_px:g} px"
    images = f"{report.images} images of {report.groups} groups"
    out.text(f"{report.model}{told} on {request.dataset}, {request.split} split, {images}")
    for method in report.methods:
        out.text(f"  {method}")
        write_means(out, report, method, report.metrics)
    for baseline in report.methods[1:]:
        out.text(f"  {report.model} minus {baseline}")
        write_gains(out, report, baseline)
    for note in report.notes:
        out.text(f"  {note}")
    out.result({"run_id": run_id, **summary(report)})


@command(CompareRequest, "run_ids")
def compare(
    request: CompareRequest,
    out: Output,
    csv: Annotated[Path | None, typer.Option(help="Folder for the paired differences and ranks as CSV.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for a methods section and tables.")] = None,
    figure: Annotated[str, typer.Option(help="Test image through every method, as a figure of the report.")] = "",
    width_mm: Annotated[float, typer.Option(help="Width of the figure: 85 for one column, 180 for a page.")] = 180.0,
    crop: Annotated[str, typer.Option(help="LEFT,TOP,EDGE of the square in the figure, in px of the target.")] = "",
) -> None:
    """Compare evaluated runs side by side, with their baselines, and image by image with a reference."""
    from pipelines.evaluate.compare import compare as run
    from pipelines.evaluate.over_seeds import SEEDS_CAPTION, compare_methods, seed_rows, seed_values
    from pipelines.evaluate.paired import compare_pairs
    from pipelines.evaluate.reports import summary
    from pipelines.evaluate.tables import json_content
    from pipelines.evaluate.trained_scores import trained_scores
    from pipelines.json_safe import to_json_safe

    if figure and report is None:
        raise UserError("A figure is a part of the report; name a folder for it with --report.")
    comparison = run(request)
    paired = compare_pairs(comparison, request.metric, request.reference)
    _write_means(out, comparison)
    trained_on = trained_scores(comparison.columns, comparison.metrics)
    for sentence in trained_on:
        out.text(f"  {sentence}")
    _write_pairs(out, paired)
    over_seeds = compare_methods(comparison, [paired.metric, *(m for m in comparison.metrics if m != paired.metric)])
    if over_seeds:
        out.text(f"Over seeds and specimens. {SEEDS_CAPTION}")
        write_table(out, seed_rows(over_seeds))
    written = _write_csv(csv, paired) if csv else []
    pictures = _figure(out, comparison, figure, width_mm, crop) if report and figure else {}
    for path in [*written, *(_write_report(report, comparison, paired, pictures) if report else ())]:
        out.text(str(path))
    runs = [{"run_id": c.model, "name": c.run.name, **summary(c.report)} for c in comparison.columns]
    out.result(
        {
            "runs": runs,
            "warnings": list(comparison.warnings),
            "trained_on": list(trained_on),
            "paired": json_content(paired),
            "over_seeds": to_json_safe(seed_values(over_seeds)),
        }
    )


def _write_means(out: Output, comparison: "Comparison") -> None:
    first = comparison.columns[0].report
    out.text(f"{first.dataset}, {first.split} split, {first.images} images of {first.groups} groups")
    rows = [(column.run.name, column.report, column.report.model) for column in comparison.columns]
    rows += [(baseline, first, baseline) for baseline in comparison.baselines]
    for name, report, method in rows:
        out.text(f"  {name}")
        write_means(out, report, method, comparison.metrics)
    for warning in comparison.warnings:
        out.text(f"  Warning: {warning}")


def _write_pairs(out: Output, paired: "PairedComparison") -> None:
    from pipelines.evaluate.tables import CAPTION, difference_rows, rank_rows

    if paired.pairings:
        out.text(f"Against {paired.reference.label}. {CAPTION}")
        write_table(out, difference_rows(paired))
        out.text("Rank among the models, mean over images (1 is best)")
        write_table(out, rank_rows(paired))
    for caveat in paired.caveats:
        out.text(f"  Note: {caveat}")


def _write_csv(folder: Path, paired: "PairedComparison") -> list[Path]:
    from pipelines.evaluate.tables import csv_files

    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / name: content for name, content in csv_files(paired).items()}
    for path, content in files.items():
        path.write_text(content)
    return list(files)


def _figure(out: Output, comparison: "Comparison", image: str, width_mm: float, crop: str) -> dict[str, bytes]:
    """Compute the pictures of an image, and make a figure of them."""
    from pipelines.evaluate.gallery import make_gallery
    from pipelines.publish.crops import Crop
    from pipelines.publish.figure_of import comparison_figure

    runs = tuple(column.model for column in comparison.columns)
    make_gallery(GalleryRequest(run_ids=runs, image=image), out.progress)
    return comparison_figure(comparison, image, Crop.parse(crop) if crop else None, width_mm)


def _write_report(
    folder: Path, comparison: "Comparison", paired: "PairedComparison", pictures: dict[str, bytes]
) -> list[Path]:
    from pipelines.publish.report import report_files, write_report

    return write_report(report_files(comparison, paired, comparison.metrics, pictures), folder)


@command(GalleryRequest, "run_ids", stores=True)
def gallery(request: GalleryRequest, out: Output) -> None:
    """Compute one test image through every method of a comparison, to look at."""
    from pipelines.evaluate.gallery import make_gallery as run

    pictures = run(request, out.progress)
    for picture in pictures:
        out.text(f"  {picture.label:30s} {picture.path}")
    out.result({"pictures": {picture.method: str(picture.path) for picture in pictures}})


@command(NoReferenceRequest, "model", "file", "second")
def judge(request: NoReferenceRequest, out: Output) -> None:
    """Restore an image and score, without a clean reference, what was removed."""
    from pipelines.evaluate.no_reference import score_without_reference as run
    from sem_models.evaluation.metrics.no_reference import MEASURES

    found = run(request, out.progress)
    out.text(f"{found.model} on {found.source}" + (f", second frame {found.second}" if found.second else ""))
    for name, measure in MEASURES.items():
        if name in found.scores:
            out.text(f"  {measure.heading:45s} {found.scores[name]:10.4f} {measure.unit}".rstrip())
    for note in found.notes:
        out.text(f"  Note: {note}")
    out.result(asdict(found))


@command(DiscriminateRequest, "models", stores=True)
def discriminate(request: DiscriminateRequest, out: Output) -> None:
    """Train fresh classifiers to tell generated from real images of held-out groups; AUC 0.5 means that they cannot."""
    from pipelines.evaluate.discriminate import discriminate as run
    from pipelines.evaluate.discriminate_table import CAPTION, TEXTURE_CAPTION, rows, texture_rows

    reports = run(request, out.progress)
    labelled = [(report.model, report) for report in reports]
    for table, caption in ((rows(labelled), CAPTION), (texture_rows(labelled), TEXTURE_CAPTION)):
        for row in table:
            for index, (name, cell) in enumerate(row.items()):
                out.text(f"  {name:45s} {cell}" if index else cell)
        out.text(caption)
    for note in dict.fromkeys(note for report in reports for note in report.notes):
        out.text(f"  Note: {note}")
    out.result({"reports": [report.model_dump(mode="json") for report in reports]})


@command(MaskConsistencyRequest, "synthesiser", stores=True)
def consistency(request: MaskConsistencyRequest, out: Output) -> None:
    """Draw images from masks, segment them, and compare the result with that on real images."""
    from pipelines.evaluate.mask_consistency import score_mask_consistency as run
    from pipelines.json_safe import to_json_safe

    report, run_id = run(request, out.progress)
    table = {method: {name: report.interval(method, name) for name in report.metrics} for method in report.methods}
    write_intervals(out, table)
    for note in report.notes:
        out.text(f"  Note: {note}")
    dice = {key: {name: asdict(score) for name, score in row.items()} for key, row in table.items()}
    out.result({"run_id": run_id, "dice": to_json_safe(dice), "notes": report.notes})


@command(RoundTripRequest, "there", "back", name="round-trip", stores=True)
def round_trip(request: RoundTripRequest, out: Output) -> None:
    """Translate images with one model and back with another, and compare them with the originals."""
    from pipelines.evaluate.round_trip import round_trip as run
    from pipelines.json_safe import to_json_safe

    result, run_id = run(request, out.progress)
    write_intervals(out, {f"{result.there}, then {result.back}": result.scores})
    out.text("  Note: models that change nothing score perfectly; look at mae_between, and at the images.")
    out.result({"run_id": run_id, **to_json_safe(asdict(result))})


@command(DownstreamRequest, "synthesiser", stores=True)
def downstream(request: DownstreamRequest, out: Output) -> None:
    """Train segmentations on real, synthetic and both kinds of images, and test each on the same real images."""
    from pipelines.evaluate.downstream import downstream as run
    from pipelines.json_safe import to_json_safe

    scores, run_id = run(request, out.progress, out.progress.training)
    images, specimens = counted(scores.images, "real image"), counted(scores.groups, "specimen")
    out.text(f"By training set, tested on {images} of {specimens} of {request.dataset}")
    write_intervals(out, scores.dice)
    out.text("Difference from real, image by image")
    write_intervals(out, scores.against_real)
    for note in scores.notes:
        out.text(f"  Note: {note}")
    out.result({"run_id": run_id, **to_json_safe(asdict(scores))})

"""Use case: files for a paper or a report about compared runs."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType

from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.paired import PairedComparison
from pipelines.evaluate.tables import CAPTION, csv_files, difference_rows, mean_text
from pipelines.publish.figure_of import PREVIEW
from pipelines.publish.methods_section import methods_section
from pipelines.publish.score_table import compared_methods, score_rows, scores_csv, scores_latex
from sem_models.evaluation.metrics.table import METRICS

_STYLE = (
    "body{font:16px/1.5 serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c252c}"
    "table{border-collapse:collapse;font-size:.85rem;margin:1rem 0}"
    "th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #ccd5db;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}"
    "div{overflow-x:auto}img{max-width:100%}"
    "@media print{@page{size:A4;margin:20mm}body{font-size:10pt;margin:0;max-width:none}h2{break-after:avoid}}"
)


def report_files(
    comparison: Comparison,
    paired: PairedComparison,
    metrics: Sequence[str],
    figure: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, str | bytes]:
    """Return name and content of each file: methods section, mean scores, paired differences, and one page of all.

    Args:
        comparison: Runs of one setting.
        paired: The same, each compared with the reference.
        metrics: What the tables show.
        figure: Files of `comparison_figure`, which are added, the picture also to the page.
    """
    paragraphs = methods_section(comparison, metrics)
    rows = score_rows(comparison, metrics)
    return {
        "methods.md": "\n\n".join(paragraphs) + "\n",
        "scores.csv": scores_csv(rows),
        "scores.tex": scores_latex(rows, scores_caption(comparison)),
        "report.html": _page(comparison, paragraphs, metrics, paired, figure.get(PREVIEW)),
        **csv_files(paired),
        **figure,
    }


def write_report(files: Mapping[str, str | bytes], folder: Path) -> list[Path]:
    """Write the files into a folder, which is made if it is missing; those of an earlier report are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return [folder / name for name in files]


def scores_caption(comparison: Comparison) -> str:
    """Say what the means are about."""
    report = comparison.columns[0].report
    return (
        f"{report.dataset}, {report.split} split: mean over {report.images} images with its 95 % interval over "
        f"{report.groups} specimens."
    )


def _page(
    comparison: Comparison,
    paragraphs: Sequence[str],
    metrics: Sequence[str],
    paired: PairedComparison,
    picture: bytes | None,
) -> str:
    title = escape(f"Report on {comparison.columns[0].report.dataset}")
    methods = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    differences = difference_rows(paired)
    against = (
        f"<h2>Differences from {escape(paired.reference.label)}</h2>{_table(differences)}<p>{escape(CAPTION)}</p>"
        if differences
        else ""
    )
    of_reports = [note for column in comparison.columns for note in column.report.notes]
    notes = dict.fromkeys((*comparison.warnings, *of_reports, *paired.caveats))
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1><h2>Methods</h2>{methods}<h2>Scores</h2>{_table(_means(comparison, metrics))}"
        f"<p>{escape(scores_caption(comparison))}</p>{_picture(picture)}{against}"
        + (f"<h2>Read before you quote</h2><ul>{listed}</ul>" if listed else "")
        + "</body></html>\n"
    )


def _picture(content: bytes | None) -> str:
    if content is None:
        return ""
    shown = base64.b64encode(content).decode()
    described = "One test image: input, output of each method, and target, in one display window"
    return f'<h2>Images</h2><img alt="{described}" src="data:image/png;base64,{shown}"><p>{described}.</p>'


def _means(comparison: Comparison, metrics: Sequence[str]) -> list[dict[str, object]]:
    return [
        {"method": name, **{METRICS[metric].heading: mean_text(report, method, metric) for metric in metrics}}
        for name, report, method in compared_methods(comparison)
    ]


def _table(rows: Sequence[dict[str, object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row.values()) + "</tr>" for row in rows)
    return f"<div><table><tr>{head}</tr>{body}</table></div>"

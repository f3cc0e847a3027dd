"""Use case: files for a paper or a report about compared runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.paired import PairedComparison
from pipelines.evaluate.tables import csv_files
from pipelines.publish.figure_of import PREVIEW
from pipelines.publish.report_content import report_content, scores_caption
from pipelines.publish.report_html import as_html
from pipelines.publish.report_pdf import as_pdf
from pipelines.publish.score_table import score_rows, scores_csv, scores_latex


def report_files(
    comparison: Comparison,
    paired: PairedComparison,
    metrics: Sequence[str],
    figure: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, str | bytes]:
    """Return name and content of each file: a report of everything, and its parts for a paper.

    Args:
        comparison: Runs of one setting.
        paired: The same, each compared with the reference.
        metrics: What the tables show.
        figure: Files of `comparison_figure`, which are added, the picture also to the report.
    """
    content = report_content(comparison, paired, metrics, figure.get(PREVIEW))
    rows = score_rows(comparison, metrics)
    return {
        "report.pdf": as_pdf(content),
        "report.html": as_html(content),
        "methods.md": "\n\n".join(content.methods) + "\n",
        "scores.csv": scores_csv(rows),
        "scores.tex": scores_latex(rows, scores_caption(comparison)),
        **csv_files(paired),
        **figure,
    }


def write_report(files: Mapping[str, str | bytes], folder: Path) -> list[Path]:
    """Write the files into a folder, which is made if it is missing; those of an earlier report are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return [folder / name for name in files]

"""What a report says about compared runs, whatever it is written as."""

import importlib.metadata
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.counts import counted
from pipelines.data.card import card_of_content, card_rows
from pipelines.evaluate.compare import Column, Comparison
from pipelines.evaluate.paired import PairedComparison
from pipelines.evaluate.tables import CAPTION, difference_rows, mean_text
from pipelines.evaluate.verdict import verdict
from pipelines.publish.methods_section import methods_section
from pipelines.publish.score_table import compared_methods
from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import manifest_of
from pipelines.tracking.versions import list_versions
from sem_models.evaluation.metrics.table import METRICS
from sem_models.images.provenance import SOFTWARE

PICTURE_CAPTION = "One test image: input, output of each method, and target, in one display window."
_LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "mlflow")
_UNKNOWN = "not stated"
Fact = tuple[str, str]
"""What a line is about, and what it says."""


@dataclass(frozen=True)
class Table:
    """Rows with the same columns; at least one."""

    heading: str
    rows: Sequence[Mapping[str, object]]
    caption: str
    names: int
    """Leading columns that name a row; the others hold its values."""


@dataclass(frozen=True)
class ReportContent:
    """A report; all texts are plain, except that the verdict marks names with two asterisks."""

    title: str
    verdict: str
    methods: tuple[str, ...]
    tables: tuple[Table, ...]
    picture: bytes | None
    """A PNG in the size of a publication, 300 dpi."""
    data: tuple[Fact, ...]
    versions: tuple[Fact, ...]
    notes: tuple[str, ...]
    """What has to be known to read the tables correctly."""


def report_content(
    comparison: Comparison, paired: PairedComparison, metrics: Sequence[str], picture: bytes | None
) -> ReportContent:
    """Collect everything from the records of the runs; the metric of the paired comparison decides the verdict."""
    report = comparison.columns[0].report
    of_reports = [note for column in comparison.columns for note in column.report.notes]
    return ReportContent(
        title=f"Report on {report.dataset}",
        verdict=verdict(comparison, paired.metric),
        methods=methods_section(comparison, metrics),
        tables=tuple(_tables(comparison, paired, metrics)),
        picture=picture,
        data=_data(comparison),
        versions=_versions(comparison.columns),
        notes=tuple(dict.fromkeys((*comparison.warnings, *of_reports, *paired.caveats))),
    )


def scores_caption(comparison: Comparison) -> str:
    """Say what the means are about."""
    report = comparison.columns[0].report
    means = f"{report.dataset}, {report.split} split: mean over {counted(report.images, 'image')}"
    specimens = counted(report.groups, "specimen")
    if any(math.isfinite(report.mean(report.model, metric).lo) for metric in report.metrics):
        return f"{means} with its 95 % interval over {specimens}."
    return f"{means} of {specimens}, too few for an interval."


def _tables(comparison: Comparison, paired: PairedComparison, metrics: Sequence[str]) -> list[Table]:
    means = [
        {"method": name, **{METRICS[metric].heading: mean_text(report, method, metric) for metric in metrics}}
        for name, report, method in compared_methods(comparison)
    ]
    found = [Table("Scores", means, scores_caption(comparison), 1)]
    if differences := difference_rows(paired):
        found.append(Table(f"Differences from {paired.reference.label}", differences, CAPTION, 2))
    return found


def _data(comparison: Comparison) -> tuple[Fact, ...]:
    """State the dataset as its card does, and under which licence each registered model may be used."""
    first = comparison.columns[0]
    card = card_of_content(manifest_of(first.run.run_id), first.report.digest)
    licences = {one.run_id: one.tags.get(Tag.LICENCE, "") for one in reversed(list_versions())}
    models = [
        (f"Licence of {column.label}", licences[column.run.run_id] or _UNKNOWN)
        for column in comparison.columns
        if column.run.run_id in licences
    ]
    rows = [(name, text.replace("`", "")) for name, text in card_rows(card)]
    return (("Dataset", card.name), *rows, *models)


def _versions(columns: Sequence[Column]) -> tuple[Fact, ...]:
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    return (
        ("Report written by", f"{SOFTWARE}, with {libraries}"),
        *((f"Code of {column.label}", column.run.tags.get(Tag.COMMIT, _UNKNOWN)) for column in columns),
    )

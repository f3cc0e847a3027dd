"""Every model against a reference: a table, the difference on each image, ranks, and files to download."""

import io
import zipfile
from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.charts.palette import COLOURS
from pages.widgets.downloads import offer_download
from pages.widgets.words import as_text, in_chart, on_page
from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.paired import PairedComparison, compare_pairs
from pipelines.evaluate.tables import CAPTION, csv_files, difference_rows, quantity, rank_rows
from pipelines.viewing.downloads import MadeDownload
from sem_models.evaluation.paired import Paired, direction

_BEST = "Best by the metric above"
_REFERENCE, _CHOSEN = "reference", "chosen-reference"
_NEUTRAL = "#7a838b"
"""Readable on light and dark."""

_FILES = {
    "paired.csv": "Differences (CSV)",
    "paired_per_image.csv": "Differences by image (CSV)",
    "ranks.csv": "Ranks (CSV)",
}


def pair(comparison: Comparison, metric: str) -> PairedComparison:
    """Compare all models with the one that was chosen as reference, else with the best by `metric`."""
    chosen = st.session_state.get(_CHOSEN)
    return compare_pairs(comparison, metric, chosen if chosen in _names(comparison) else None)


def show_pairs(comparison: Comparison, paired: PairedComparison, metrics: tuple[str, ...]) -> None:
    """Show the section, and let the user choose another reference; the tables show `metrics`."""
    st.subheader("Model against model")
    names = _names(comparison)
    options = [_BEST, *names]
    chosen = st.session_state.get(_CHOSEN)
    st.selectbox(
        "Reference", options, options.index(chosen) if chosen in names else 0, on_change=_remember,
        format_func=lambda key: names.get(key, _BEST), key=_REFERENCE,
    )  # fmt: skip
    if not paired.pairings:
        st.info(paired.caveats[0])
    else:
        _show_differences(replace(paired, metrics=metrics))
        _show_ranks(replace(paired, metrics=metrics))


def _names(comparison: Comparison) -> dict[str, str]:
    return {column.model: column.label for column in comparison.columns}


def _remember() -> None:
    # The widget's own value is lost while the section is folded; the files still need it.
    st.session_state[_CHOSEN] = st.session_state[_REFERENCE]


def _show_differences(paired: PairedComparison) -> None:
    st.markdown(f"**Difference from {as_text(paired.reference.label)}, image by image**")
    st.dataframe(pd.DataFrame(difference_rows(paired)), hide_index=True)
    st.caption(CAPTION)
    if paired.caveats:
        st.info("\n".join(f"- {on_page(caveat)}" for caveat in paired.caveats), icon=":material/info:")
    st.plotly_chart(_figure(paired), key="paired")


def _show_ranks(paired: PairedComparison) -> None:
    st.markdown("**Rank among the models, mean over images (1 is best)**")
    st.dataframe(pd.DataFrame(rank_rows(paired)), hide_index=True)


def offer_files(comparison: Comparison, paired: PairedComparison, metrics: tuple[str, ...], image: str | None) -> None:
    """Offer differences and ranks as CSV, and the report, with a figure of an image whose pictures are there."""
    with st.container(horizontal=True):
        for name, content in csv_files(paired).items() if paired.pairings else ():
            st.download_button(_FILES[name], content, name, "text/csv", icon=":material/download:", key=f"file-{name}")
        asked = comparison, paired, metrics, image
        offer_download(
            "Report (PDF)", MadeDownload("report.pdf", "application/pdf", _report, asked), "report-pdf", "article",
            "Verdict, scores with intervals, a figure of the image above if its pictures are there, a methods "
            "section written from the records of these runs, data, licences and versions.",
        )  # fmt: skip
        offer_download(
            "Report and its parts (ZIP)", MadeDownload("report.zip", "application/zip", _packed_report, asked),
            "report", "folder_zip",
            "The same as PDF and HTML, and for a paper the methods section, the scores shown above as CSV and "
            "LaTeX, and the figure.",
        )  # fmt: skip


def _files(
    comparison: Comparison, paired: PairedComparison, metrics: tuple[str, ...], image: str | None
) -> dict[str, str | bytes]:
    from pipelines.publish.figure_of import comparison_figure
    from pipelines.publish.report import report_files

    figure = comparison_figure(comparison, image, metric=paired.metric) if image else {}
    return report_files(comparison, paired, metrics, figure)


def _report(comparison: Comparison, paired: PairedComparison, metrics: tuple[str, ...], image: str | None) -> bytes:
    report = _files(comparison, paired, metrics, image)["report.pdf"]
    return report if isinstance(report, bytes) else report.encode()


def _packed_report(
    comparison: Comparison, paired: PairedComparison, metrics: tuple[str, ...], image: str | None
) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(comparison, paired, metrics, image).items():
            archive.writestr(name, content)
    return packed.getvalue()


def _figure(paired: PairedComparison) -> go.Figure:
    """Draw one lane per model: a point per image in the colour of its specimen, and below it the mean and interval."""
    figure = go.Figure()
    tables = [pairing.by_metric[paired.metric] for pairing in paired.pairings]
    for lane, table in enumerate(tables):
        _add_images(figure, table, lane)
        _add_mean(figure, table, lane)
    figure.add_vline(x=0, line={"color": _NEUTRAL, "width": 1})
    better = "right of 0 is better" if direction(paired.metric) == 1 else "left of 0 is better"
    labels = [in_chart(pairing.column.label).replace(" (", "<br>(") for pairing in paired.pairings]
    figure.update_layout(
        height=110 + 85 * len(tables), margin={"l": 10, "r": 10, "t": 10, "b": 45},
        xaxis_title=f"Difference in {quantity(paired.metric)}: {better} than the reference",
        yaxis={"tickvals": list(range(len(tables))), "ticktext": labels, "range": [len(tables) - 0.4, -0.5],
               "automargin": True},
    )  # fmt: skip
    return figure


def _add_images(figure: go.Figure, table: Paired, lane: int) -> None:
    """Add one point per image, at the same height in every lane, so that it can be followed from model to model."""
    groups = list(dict.fromkeys(difference.group for difference in table.differences))
    coloured = len(groups) <= len(COLOURS)
    heights = {d.image: lane - 0.35 + 0.5 * i / len(table.differences) for i, d in enumerate(table.differences)}
    for index, group in enumerate(groups):
        own = [difference for difference in table.differences if difference.group == group]
        figure.add_scatter(
            x=[d.value for d in own], y=[heights[d.image] for d in own], mode="markers", name=in_chart(group),
            legendgroup=group, showlegend=coloured and lane == 0, text=[in_chart(d.image) for d in own],
            marker={"size": 8, "opacity": 0.8, "color": COLOURS[index if coloured else 0]},
            hovertemplate="%{text}<br>%{x:+.4g}",
        )  # fmt: skip


def _add_mean(figure: go.Figure, table: Paired, lane: int) -> None:
    interval = table.interval
    spread = {"array": [interval.hi - interval.mean], "arrayminus": [interval.mean - interval.lo]}
    figure.add_scatter(
        x=[interval.mean], y=[lane + 0.3], mode="markers", name="mean, 95 % interval", showlegend=lane == 0,
        legendgroup="mean", marker={"size": 11, "symbol": "diamond", "color": _NEUTRAL},
        error_x={"type": "data", "symmetric": False, "color": _NEUTRAL, **spread},
        hovertemplate="mean %{x:+.4g}",
    )  # fmt: skip

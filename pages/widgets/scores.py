"""Evaluation tables for display: means with intervals, gains over baselines, rows for each image."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from pages.widgets.families import choose_scores
from pages.widgets.words import on_page
from pipelines.counts import counted
from pipelines.evaluate.tables import GAIN_CAPTION, NYQUIST_CAPTION, gains, mean_text
from pipelines.publish.forward_model import simulated_inputs
from sem_models.config.degradation import Degradation
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport


def show_report(report: EvaluationReport, key: str) -> None:
    """Show model and baselines in one table, the gain over each baseline, then every image; `key` names its widgets."""
    st.caption(
        f"{report.split.capitalize()} split of {report.dataset}: {counted(report.images, 'whole image')} of "
        f"{counted(report.groups, 'group')}, "
        f"{report.border_px} px border left out, data range {report.data_range:g}. "
        "Mean over images [95 % interval over specimens]."
    )
    st.caption(_inputs(report))
    if report.strength_px is not None:
        st.caption(f"Told to undo a blur of sigma {report.strength_px:g} px, not that of its default.")
    metrics = choose_scores(report.metrics, f"scores-{key}")
    st.dataframe(means_table(report, metrics), hide_index=True)
    say_nyquist([report], metrics)
    baselines = [method for method in report.methods if method != report.model]
    if baselines:
        st.markdown("**Gain over the baselines, image by image**")
        show_gains([("", report)], baselines, metrics)
    if report.notes:
        with st.expander(f"Notes of the evaluation ({len(report.notes)})"):
            st.markdown("\n".join(f"- {on_page(note)}" for note in report.notes))
    with st.expander("Every image"):
        st.dataframe(rows_table(report), hide_index=True)


def _inputs(report: EvaluationReport) -> str:
    """Say where the inputs came from; a report of a later version may hold a forward model that is unknown here."""
    if report.degradation == "paired":
        return "Inputs: those of the dataset."
    try:
        forward = Degradation.model_validate_json(report.degradation)
    except ValidationError:
        return f"Inputs: `{report.degradation}`"
    return simulated_inputs(forward) or "Inputs: the images as they are."


def say_nyquist(reports: Sequence[EvaluationReport], metrics: Sequence[str]) -> None:
    """Explain the sign for an upper bound where a table shows it."""
    if any(report.at_nyquist(method, metric) for report in reports for method in report.methods for metric in metrics):
        st.caption(NYQUIST_CAPTION)


def header(metric: str) -> str:
    """Return a heading such as `PSNR (dB) ↑`."""
    return METRICS[metric].heading


def show_gains(named: Sequence[tuple[str, EvaluationReport]], baselines: Sequence[str], metrics: Sequence[str]) -> None:
    """Show models against baselines, and what to know before believing the differences."""
    found = gains(named, baselines, metrics)
    st.dataframe(pd.DataFrame(found.rows), hide_index=True)
    st.caption(GAIN_CAPTION)
    if found.caveats:
        st.warning("\n".join(f"- {on_page(caveat)}" for caveat in found.caveats))


def means_table(report: EvaluationReport, metrics: Sequence[str]) -> pd.DataFrame:
    """Tabulate one row per method."""
    return pd.DataFrame(
        [{"method": m, **{header(k): mean_text(report, m, k) for k in metrics}} for m in report.methods]
    )


def rows_table(report: EvaluationReport) -> pd.DataFrame:
    """Tabulate one row per image and method."""
    return pd.DataFrame(
        [
            {
                "image": row.image,
                "group": row.group,
                "method": row.method,
                **{header(k): row.scores.get(k) for k in report.metrics},
            }
            for row in report.rows
        ]
    )

"""Evaluation tables for display: means with intervals, gains over floors, per-image rows."""

import pandas as pd
import streamlit as st

from sem_models.evaluation.metrics import METRICS
from sem_models.evaluation.report import EvaluationReport


def show_report(report: EvaluationReport) -> None:
    """Model and floors in one table, the gain over each floor, then every image."""
    st.caption(
        f"{report.split} split of {report.dataset}: {report.images} whole images of {report.groups} group(s), "
        f"{report.border_px} px border left out, data range {report.data_range:g}. Mean [95 % bootstrap interval]."
    )
    st.caption(
        "Inputs: as the dataset has them" if report.degradation == "paired" else f"Inputs: `{report.degradation}`"
    )
    st.dataframe(means_table(report), hide_index=True)
    st.markdown("**Gain over the floors, image by image**")
    st.dataframe(gains_table(report), hide_index=True)
    for note in report.notes:
        st.warning(note)
    with st.expander("Every image"):
        st.dataframe(rows_table(report), hide_index=True)


def header(metric: str) -> str:
    """`PSNR (dB) ↑`."""
    return METRICS[metric].heading


def means_table(report: EvaluationReport) -> pd.DataFrame:
    """One row a method."""
    return pd.DataFrame(
        [{"method": m, **{header(k): mean_text(report, m, k) for k in report.metrics}} for m in report.methods]
    )


def mean_text(report: EvaluationReport, method: str, metric: str) -> str:
    """`30.12 [29.80, 30.41]`, or the mean alone where one image gives no interval."""
    score = report.mean(method, metric)
    digits = 2 if metric.endswith(("_db", "_px", "_nm")) else 4
    interval = f" [{score.lo:.{digits}f}, {score.hi:.{digits}f}]" if score.n > 1 else " (n = 1)"
    return f"{score.mean:.{digits}f}{interval}"


def gains_table(report: EvaluationReport) -> pd.DataFrame:
    """One row a floor and metric: the plain difference, and whether it brings the model nearer to the best value."""
    floors = [method for method in report.methods if method != report.model]
    return pd.DataFrame([_gain_row(report, floor, metric) for floor in floors for metric in report.metrics])


def _gain_row(report: EvaluationReport, floor: str, metric: str) -> dict[str, object]:
    gain = report.gain(metric, floor)
    nearer = report.improvement(metric, floor)
    verdict = "better" if nearer.lo > 0 else "worse" if nearer.hi < 0 else "not shown"
    return {
        "against": floor, "metric": header(metric), "mean": f"{gain.mean:+.4f}",
        "95 % interval": f"{gain.lo:+.4f} to {gain.hi:+.4f}" if gain.n > 1 else "none with one image", "n": gain.n,
        "Wilcoxon p": f"{nearer.p:.3g}", "interval says": verdict,
    }  # fmt: skip


def rows_table(report: EvaluationReport) -> pd.DataFrame:
    """One row an image and method."""
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

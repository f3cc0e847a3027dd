"""Which scores a page shows: a report has more than fit side by side, so they are shown family by family."""

from collections.abc import Sequence

import streamlit as st

from sem_models.evaluation.metrics.table import METRICS

ALL = "All"
_FEW = 6
"""The number of columns that fit into one table."""


def choose_scores(metrics: Sequence[str], key: str) -> tuple[str, ...]:
    """Let the user choose a family of metrics, at first that of the leading one; return all where they are few."""
    families = tuple(dict.fromkeys(METRICS[name].family for name in metrics))
    if len(metrics) <= _FEW or len(families) == 1:
        return tuple(metrics)
    chosen = st.segmented_control("Scores", [*families, ALL], default=families[0], key=key)
    if chosen in (None, ALL):
        return tuple(metrics)
    return tuple(name for name in metrics if METRICS[name].family == chosen)

"""Which scores a page shows: a report has more than fit beside one another, so that they are read family by family."""

from collections.abc import Sequence

import streamlit as st

from sem_models.evaluation.metrics.table import METRICS

ALL = "All"
_FEW = 6
"""So many columns fit into one table."""


def choose_scores(metrics: Sequence[str], key: str) -> tuple[str, ...]:
    """The metrics of the chosen family, first that of the leading one; all where they are few."""
    families = tuple(dict.fromkeys(METRICS[name].family for name in metrics))
    if len(metrics) <= _FEW or len(families) == 1:
        return tuple(metrics)
    chosen = st.segmented_control("Scores", [*families, ALL], default=families[0], key=key)
    if chosen in (None, ALL):
        return tuple(metrics)
    return tuple(name for name in metrics if METRICS[name].family == chosen)

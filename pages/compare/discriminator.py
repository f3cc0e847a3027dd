"""The discriminator test of the compared runs."""

import pandas as pd
import streamlit as st

from pipelines.compare import Comparison
from pipelines.discriminate_table import CAPTION, discriminations_of, rows

_MADE_UP = ("translation", "synthesis")


def show_discriminations(comparison: Comparison) -> None:
    """The section of the page; where no run was tested, how to test those that make images up."""
    found = discriminations_of(comparison)
    if not found.reports:
        _offer(comparison)
        return
    st.subheader("Discriminator test")
    table = pd.DataFrame(rows(found.reports))
    # Tests of one setting were judged alike, and a column of it would push the scores out of sight.
    judged = ". ".join(dict.fromkeys(table.pop("judged")))
    st.dataframe(table, hide_index=True)
    st.caption(f"Judged: {judged}. {CAPTION}")
    for text in dict.fromkeys((*found.warnings, *(note for _, report in found.reports for note in report.notes))):
        st.warning(text)


def _offer(comparison: Comparison) -> None:
    """The command: a test takes minutes and one judge for all models, so that it is no button for a single run."""
    made_up = [c.run.run_id for c in comparison.columns if c.run.tags.get("sem.task") in _MADE_UP]
    if not made_up:
        return
    st.subheader("Discriminator test")
    st.caption("None yet. A fresh classifier says how easily these outputs are told from real images:")
    asked = f"{' '.join(made_up)} --dataset {comparison.columns[0].report.dataset}"
    st.code(f"python -m pipelines discriminate {asked}", language="bash", wrap_lines=True)

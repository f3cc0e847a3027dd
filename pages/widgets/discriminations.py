"""Discriminator tests as tables with what they mean and what to know when reading them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pipelines.evaluate.discriminate_table import CAPTION, TEXTURE_CAPTION, rows, texture_rows
from sem_models.evaluation.discriminator.report import DiscriminatorReport


def show_tests(reports: Sequence[tuple[str, DiscriminatorReport]], warnings: Sequence[str] = ()) -> None:
    """Tests of one setting by their labels; of several models side by side."""
    table = pd.DataFrame(rows(reports))
    # Tests of one setting were judged alike, and a column of it would push the scores out of sight.
    judged = ". ".join(dict.fromkeys(table.pop("judged")))
    st.dataframe(table, hide_index=True)
    st.caption(f"Judged: {judged}. {CAPTION}")
    if textures := texture_rows(reports):
        st.dataframe(pd.DataFrame(textures), hide_index=True)
        st.caption(TEXTURE_CAPTION)
    for text in dict.fromkeys((*warnings, *(note for _, report in reports for note in report.notes))):
        st.warning(text)

"""Discriminator tests as tables, with what the numbers mean and what to know before believing them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.widgets.words import on_page
from pipelines.evaluate.discriminate_table import CAPTION, TEXTURE_CAPTION, rows, texture_rows
from sem_models.evaluation.discriminator.report import DiscriminatorReport


def show_tests(reports: Sequence[tuple[str, DiscriminatorReport]], warnings: Sequence[str] = ()) -> None:
    """Show tests of one setting, each under its label: those of several models stand side by side."""
    table = pd.DataFrame(rows(reports))
    # Equal for all tests of one setting, and a column of it would push the scores out of sight.
    tested_on = ". ".join(dict.fromkeys(table.pop("tested on")))
    st.dataframe(table, hide_index=True)
    st.caption(f"Tested on {tested_on}. {CAPTION}")
    if textures := texture_rows(reports):
        st.dataframe(pd.DataFrame(textures), hide_index=True)
        st.caption(TEXTURE_CAPTION)
    for text in dict.fromkeys((*warnings, *(note for _, report in reports for note in report.notes))):
        st.warning(on_page(text))

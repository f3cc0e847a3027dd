"""The discriminator test of the compared runs."""

import pandas as pd
import streamlit as st

from pipelines.compare import Comparison
from pipelines.discriminate_table import CAPTION, discriminations_of, rows


def show_discriminations(comparison: Comparison) -> None:
    """The section of the page; nothing where no run was tested."""
    found = discriminations_of(comparison)
    if not found.reports:
        return
    st.subheader("Discriminator test")
    st.dataframe(pd.DataFrame(rows(found.reports)), hide_index=True)
    st.caption(CAPTION)
    for text in dict.fromkeys((*found.warnings, *(note for _, report in found.reports for note in report.notes))):
        st.warning(text)

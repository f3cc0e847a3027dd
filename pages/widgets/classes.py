"""The classes of label maps as a table in their colours."""

import numpy as np
import pandas as pd
import streamlit as st

from sem_models.images.display import coloured

_DARK = 110


def class_table(table: pd.DataFrame) -> None:
    """Show one row per class, in order; the column `class` has its colour, `share (%)` two digits."""
    styles = [_style(colour) for colour in coloured(np.arange(len(table)))]
    styled = table.style.apply(lambda _: styles, subset=["class"])
    st.dataframe(styled.format({"share (%)": "{:.2f}"}), hide_index=True, width="content")


def _style(colour: np.ndarray) -> str:
    return f"background-color: #{bytes(colour).hex()}; color: {'white' if colour.mean() < _DARK else 'black'}"

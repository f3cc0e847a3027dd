"""The classes of label maps in their colours: as a table, and for the viewer."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.widgets.viewer.component import Classes, ClassOverlay, ShownClass
from pipelines.viewing.tickets import Opening
from sem_models.images.display import coloured

_DARK = 110
_CAPTION = "Class 0 is not coloured. The status line of the viewer says which class is under the mouse."


def class_table(table: pd.DataFrame) -> None:
    """Show one row per class, in order; the column `class` has its colour, `share (%)` two digits."""
    styles = [_style(colour) for colour in coloured(np.arange(len(table)))]
    styled = table.style.apply(lambda _: styles, subset=["class"])
    st.dataframe(styled.format({"share (%)": "{:.2f}"}), hide_index=True, width="content")


def shown_classes(labels: Sequence[int]) -> tuple[ShownClass, ...]:
    """Name each class by its index and its label in the files."""
    colours = coloured(np.arange(len(labels)))
    return tuple(
        ShownClass(f"class {index} (label {label})", f"#{bytes(colour).hex()}")
        for index, (label, colour) in enumerate(zip(labels, colours, strict=True))
    )


def class_overlay(label: str, name: str, opening: Opening, classes: Classes) -> ClassOverlay:
    """Lay a label map over the first picture of a viewer, and say below what is coloured."""
    return ClassOverlay(label, name, opening, classes, _CAPTION)


def _style(colour: np.ndarray) -> str:
    return f"background-color: #{bytes(colour).hex()}; color: {'white' if colour.mean() < _DARK else 'black'}"

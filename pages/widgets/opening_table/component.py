"""A table in which a click on any cell opens its row, and which Tab passes without opening anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

if TYPE_CHECKING:
    import pandas as pd

_focus = st.components.v2.component("sem_table_focus", js=Path(__file__).with_name("focus.js").read_text())


@dataclass(frozen=True)
class Chosen:
    """What was done in the table."""

    opened: int | None
    """The row that was clicked."""
    ticked: tuple[int, ...]


def show_opening_table(
    table: "pd.DataFrame", key: str, ticks: bool = False, columns: Mapping[str, ColumnConfig] | None = None
) -> Chosen:
    """Show the table. By keyboard its rows are opened elsewhere: give a list of them beside it.

    Args:
        table: The table.
        key: Names it among the tables of all pages.
        ticks: Whether rows have boxes, by which several are chosen.
        columns: How columns are shown.
    """
    _focus(key="table-focus")
    modes: list[Literal["multi-row", "single-cell"]] = ["multi-row", "single-cell"] if ticks else ["single-cell"]
    # `focus.js` knows these tables by the beginning of their keys.
    selected = st.dataframe(
        table, hide_index=True, on_select="rerun", placeholder="", selection_mode=modes, column_config=columns,
        key=f"opens-{key}",
    )["selection"]  # fmt: skip
    rows = tuple(row for row in selected.get("rows", ()) if row < len(table))
    cells = [row for row, _ in selected.get("cells", ()) if row < len(table)]
    return Chosen(cells[0] if cells else None, rows)

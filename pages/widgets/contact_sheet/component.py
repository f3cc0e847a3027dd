"""The contact sheet and the data bar as widgets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pipelines.data.contact_sheet import Section

_FOLDER = Path(__file__).with_name("browser")
_CSS = (_FOLDER / "sheet.css").read_text()
_sheet = st.components.v2.component(
    "sem_contact_sheet",
    html='<div class="sheet" role="listbox" aria-multiselectable="true" aria-label="Images"></div>',
    css=_CSS,
    js=(_FOLDER / "sheet.js").read_text(),
)
_bar = st.components.v2.component(
    "sem_data_bar", html='<div class="strip"></div>', css=_CSS, js=(_FOLDER / "bar.js").read_text()
)


@dataclass(frozen=True)
class Answer:
    """What was done on a sheet."""

    selected: tuple[str, ...]
    """Ids of the images that are selected now."""
    dropped: tuple[str, ...] = ()
    """Ids of the images that were dropped just now."""
    section: str = ""
    """Key of the section into which."""


def show_contact_sheet(sections: Sequence[Section], key: str, selected: Sequence[str]) -> Answer:
    """Show images in sections and return what is selected and was dropped.

    Args:
        sections: The sections; an image may be in one of them only.
        key: Names the sheet among those of the page.
        selected: Ids of the images that are selected at first.
    """
    known = {tile.id for section in sections for tile in section.tiles}
    state = st.session_state.get(key, {}).get("selected")
    chosen = [one for one in (selected if state is None else state) if one in known]
    data = {"sections": [asdict(one) for one in sections], "selected": chosen}
    result = _sheet(
        data=data,
        key=key,
        default={"selected": chosen},
        on_selected_change=_nothing,
        on_dropped_change=_nothing,
    )
    now = tuple(one for one in result.selected or chosen if one in known)
    dropped: dict[str, Any] | None = result.dropped
    if not dropped:
        return Answer(now)
    return Answer(now, tuple(one for one in dropped["images"] if one in known), str(dropped["section"]))


def show_data_bar(picture: str, strip_rows: int, height: int, rows: int, key: str) -> int | None:
    """Show the bottom of an image with the line above its data bar; return the new number of rows once it was moved.

    Args:
        picture: Address of a picture of the lowest rows.
        strip_rows: How many rows these are.
        height: Rows of the whole image.
        rows: Rows that are cut off now.
        key: Names the widget among those of the page.
    """
    data = {"picture": picture, "stripRows": strip_rows, "height": height, "rows": rows}
    moved = _bar(data=data, key=key, on_rows_change=_nothing).rows
    return None if moved is None else int(moved)


def _nothing() -> None:
    """Only the value matters, not the moment."""

"""The contact sheet of a plan, and the chosen image beside it."""

import streamlit as st

from pages.data.chosen import show_chosen
from pages.data.corrections import correct, show_table
from pages.widgets.contact_sheet.component import show_contact_sheet
from pipelines.data.contact_sheet import Order, dropped, images_by_id, one_of_equal, part_of, sections
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.preparation.plan import Plan

_ORDERS: dict[Order, str] = {"split": "Split", "group": "Group", "field": "Same field", "name": "Name"}
_AT_ONCE = 60


def show_sheet(plan: Plan, request: PrepareRequest) -> None:
    """Show all images of a plan; what is chosen or dropped becomes a correction of the request."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        order, start = _arrangement(plan, request)
        shown = part_of(sections(plan, order), start, _AT_ONCE)
        first = next((tile.id for section in shown for tile in section.tiles), "")
        answer = show_contact_sheet(shown, "contact-sheet", [first])
        st.caption(
            "Click an image to see and correct it; with Ctrl or Shift several. Drag images to another heading to move "
            "them: to another split, whose whole group moves, or to another group."
        )
    if answer.dropped:
        correct(request, dropped(plan, order, answer.dropped, answer.section))
        st.rerun()
    with right:
        images = images_by_id(plan)
        chosen = [images[one] for one in answer.selected]
        if chosen:
            show_chosen(plan, request, chosen)


def _arrangement(plan: Plan, request: PrepareRequest) -> tuple[Order, int]:
    """Ask how the images are arranged, and which of them are shown if they are many."""
    way, table = st.columns([3, 2], vertical_alignment="bottom")
    with way:
        order = st.segmented_control(
            "Arrange by", list(_ORDERS), default="split", format_func=_ORDERS.__getitem__, key="order", required=True
        )
    with table:
        show_table(request)
    copies = one_of_equal(plan)
    label = f"Leave out exact copies ({len(copies)})"
    if order == "field" and copies and st.button(label, icon=":material/content_copy:"):
        correct(request, copies)
        st.rerun()
    count = len(plan.images) + len(plan.excluded)
    if count <= _AT_ONCE:
        return order, 0
    starts = list(range(0, count, _AT_ONCE))
    start = st.selectbox(
        "Images", starts, format_func=lambda first: f"{first + 1} to {min(count, first + _AT_ONCE)} of {count}",
        key="sheet-start",
    )  # fmt: skip
    return order, start

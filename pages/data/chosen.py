"""The images that are chosen on the contact sheet: looked at closely, and corrected."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import streamlit as st

from pages.data.corrections import correct
from pages.data.masks import show_mask
from pages.data.noise import show_noise
from pages.widgets.contact_sheet.component import show_data_bar
from pages.widgets.frame import shown_errors
from pages.widgets.viewer.component import ShownImage, show_viewer
from pages.widgets.words import BAR_ORIGINS, as_text
from pipelines.counts import counted
from pipelines.data.bar_strip import bar_strip
from pipelines.data.contact_sheet import SPLITS, changed, facts_of, image_id
from pipelines.data.requests import PrepareRequest
from pipelines.viewing.files import fingerprint, open_image
from sem_models.datasets.manifest import Split
from sem_models.datasets.preparation.corrections import Correction, Corrections
from sem_models.datasets.preparation.plan import Plan
from sem_models.datasets.preparation.planned_image import PlannedImage


def show_chosen(plan: Plan, request: PrepareRequest, chosen: Sequence[PlannedImage]) -> None:
    """Show the chosen images and what can be corrected of them."""
    if len(chosen) > 1:
        st.markdown(f"**{counted(len(chosen), 'image')} chosen**")
        _sample_fields(request, chosen)
        return
    image = chosen[0]
    st.markdown(f"**{as_text(image.source)}**")
    st.caption(facts_of(image, plan.options.resample_nm))
    if image.parts:
        st.caption(f"{image.shape[2]} channels, assembled from {len(image.parts)} files in this order:")
    _sample_fields(request, chosen)
    with shown_errors():
        for part in image.parts or (image,):
            if image.role != "mask":
                _bar(request, part)
            _picture(plan, part)
            show_noise(part, request.name)


def _sample_fields(request: PrepareRequest, chosen: Sequence[PlannedImage]) -> None:
    """Ask for group, split and use of all chosen images; what is changed counts at once."""
    # A widget of its own for each choice and state, so that it shows what is, not what was typed before.
    state = hash((tuple(map(image_id, chosen)), tuple((i.group, i.split) for i in chosen), request.corrections))
    groups, splits = {image.group for image in chosen}, {image.split for image in chosen}
    own = [Corrections(request.corrections).of(image) for image in chosen]
    left, right = st.columns([2, 3])
    key = f"group-of-{state}"
    left.text_input(
        "Group", groups.pop() if len(groups) == 1 else "", placeholder="several", key=key,
        on_change=partial(_from_widget, request, chosen, key, "group"),
    )  # fmt: skip
    key = f"split-of-{state}"
    with right:
        st.segmented_control(
            "Split of the whole group", list(SPLITS), default=splits.pop() if len(splits) == 1 else None,
            format_func=str.capitalize, key=key, on_change=partial(_from_widget, request, chosen, key, "split"),
        )  # fmt: skip
    used = all(one.use for one in own)
    text, icon = ("Leave out", ":material/block:") if used else ("Use again", ":material/add_circle:")
    left, right = st.columns(2)
    left.button(text, key="leave-out", icon=icon, on_click=partial(_change, request, chosen, {"use": not used}))
    if any(not one.changes_nothing for one in own):
        right.button("Undo corrections", key="undo", icon=":material/undo:", on_click=partial(_undo, request, chosen))


def _from_widget(
    request: PrepareRequest, chosen: Sequence[PlannedImage], key: str, field: Literal["group", "split"]
) -> None:
    """Correct the images that have another value: browsers also report values that nobody changed."""
    value: str | Split | None = st.session_state[key]
    differing = [image for image in chosen if getattr(image, field) != value]
    if value and differing:
        _change(request, differing, {field: value})


def _change(request: PrepareRequest, chosen: Sequence[PlannedImage], change: Mapping[str, object]) -> None:
    correct(request, [changed(request.corrections, image, change) for image in chosen])


def _undo(request: PrepareRequest, chosen: Sequence[PlannedImage]) -> None:
    parts = [part for image in chosen for part in (image, *image.parts)]
    correct(request, [Correction(image=part.source, role=part.role) for part in parts])


def _picture(plan: Plan, image: PlannedImage) -> None:
    if plan.labels is not None and image.role == "mask":
        show_mask(plan, image, plan.labels)
        return
    rows = image.shape[0] - image.databar.rows
    name = f"{fingerprint(image.path)}|{image.page}|{image.pixel_size_nm}|{rows}"
    opening = partial(open_image, image.path, image.page, image.pixel_size_nm, rows)
    show_viewer([ShownImage(image.source, name, opening)], [0], "data-viewer" + (str(image.part) if image.part else ""))


def _bar(request: PrepareRequest, image: PlannedImage) -> None:
    """Show the bottom of an image, on which the cut is dragged."""
    rows = image.databar.rows
    how = BAR_ORIGINS.get(image.databar.found_by)
    told = f"{counted(rows, 'row')} at the bottom will be cut ({how})." if rows else "Nothing will be cut."
    st.caption(f"{told} Drag the line, or use the arrow keys.")
    strip = bar_strip(open_image(image.path, image.page), rows)
    key = f"bar-{hash((image_id(image), rows))}"
    moved = show_data_bar(strip.picture, strip.rows, image.shape[0], rows, key)
    if moved is not None and moved != rows:
        _change(request, [image], {"databar_rows": moved})
        st.rerun()

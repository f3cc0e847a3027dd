"""The plan of a preparation: notes, contact sheet, classes, pairs, and what is left out."""

import pandas as pd
import streamlit as st

from pages.data.masks import show_classes
from pages.data.pairs import show_pairs
from pages.data.patches import show_patches
from pages.data.sheet import show_sheet
from pages.widgets.words import on_page
from pipelines.counts import counted
from pipelines.data.contact_sheet import SPLITS, samples_text
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.preparation.plan import Plan
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import becomes


def summary(plan: Plan) -> str:
    """Say in one line how many images and groups each split holds, and by what they are grouped."""
    parts = []
    for split, title in SPLITS.items():
        own = [image for image in plan.images if image.split == split]
        groups = {image.group for image in own}
        parts.append(f"**{title}** {samples_text(plan, own)}, {counted(len(groups), 'group')}")
    other = f", in the other domain by `{plan.target_group_by}`" if plan.target_group_by else ""
    by = f"Groups by what `{plan.group_by}` finds in the file names{other}"
    return f"{' · '.join(parts)}. {by}; a group is never divided between splits."


def show_plan(plan: Plan, request: PrepareRequest) -> None:
    """Show everything that the preparation would do.

    Args:
        plan: The plan.
        request: What the widgets ask for now; corrections are added to it.
    """
    with st.container():
        _notes(plan)
    show_sheet(plan, request)
    if plan.labels:
        show_classes(plan)
    show_pairs(plan.pairs)
    show_patches(plan)
    if plan.skipped:
        with st.expander(f"{counted(len(plan.skipped), 'file')} left out", icon=":material/block:"):
            for skipped in plan.skipped:
                st.write(on_page(skipped.reason))
    with st.expander("As a table", icon=":material/table_rows:"):
        st.dataframe(_table(plan), hide_index=True)


def _notes(plan: Plan) -> None:
    if len(plan.notes) == 1:
        st.warning(on_page(plan.notes[0]))
    elif plan.notes:
        st.warning("\n".join(f"- {on_page(note)}" for note in plan.notes))


def _table(plan: Plan) -> pd.DataFrame:
    table = pd.DataFrame([_row(image) for image in plan.images])
    if plan.options.resample_nm:
        table["resampled"] = becomes(plan.images, plan.options.resample_nm)
    return table.dropna(axis=1, how="all")


def _row(image: PlannedImage) -> dict[str, object]:
    return {
        "image": image.source,
        "group": image.group,
        "split": image.split,
        "data bar (rows)": image.databar.rows,
        "found by": image.databar.found_by,
        "size (px)": f"{image.shape[1]} x {image.shape[0]}",
        "channels": image.shape[2],
        "assembled from": " + ".join(part.source for part in image.parts) or None,
        "type": image.dtype,
        "pixel size (nm)": image.pixel_size_nm,
        "role": image.role,
    }

"""The plan of a preparation: table, splits, and where each data bar would be cut."""

import pandas as pd
import streamlit as st

from pages.data.masks import mask_over, show_classes
from pages.data.noise import show_noise
from pages.data.pairs import show_pairs
from pages.widgets.pictures import with_cut_line
from pages.widgets.words import on_page
from pipelines.counts import counted
from sem_models.datasets.preparation.plan import Plan
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import becomes
from sem_models.images.channels import to_grey
from sem_models.images.display import display_window, to_display
from sem_models.images.io.read import read_micrograph


def show_plan(plan: Plan) -> None:
    """Show everything that the preparation would do."""
    st.subheader("What would be prepared")
    table = pd.DataFrame([_row(image) for image in plan.images])
    if plan.options.resample_nm:
        table["resampled"] = becomes(plan.images, plan.options.resample_nm)
    groups = table.groupby("split")["group"].nunique()
    counts = table["split"].value_counts()
    columns = st.columns(3)
    for column, split in zip(columns, ("train", "val", "test"), strict=True):
        column.metric(f"{split} images", int(counts.get(split, 0)), help=counted(int(groups.get(split, 0)), "group"))
    other = f", in the other domain by `{plan.target_group_by}`" if plan.target_group_by else ""
    st.caption(f"Groups by `{plan.group_by}`{other}; a group is never divided between splits.")
    for note in plan.notes:
        st.warning(on_page(note))
    _show_duplicates(plan)
    if plan.labels:
        show_classes(plan)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.dataframe(table, hide_index=True, height=420)
        if plan.skipped:
            with st.expander(f"{counted(len(plan.skipped), 'file')} left out", icon=":material/block:"):
                for skipped in plan.skipped:
                    st.write(on_page(skipped.reason))
    with right:
        _preview(plan)
    show_pairs(plan.pairs)


def _show_duplicates(plan: Plan) -> None:
    """List every set of images of one field; nothing where there are none."""
    found = plan.duplicates.sets
    if not found:
        return
    rows = [
        {
            "images": ", ".join(one.sources),
            "number": len(one.sources),
            "group": one.group,
            "pixels": "equal" if one.are_copies else "same field",
        }
        for one in found
    ]
    with st.expander(
        f"{counted(len(found), 'set')} of images that show the same field", icon=":material/content_copy:"
    ):
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _row(image: PlannedImage) -> dict[str, object]:
    return {
        "image": image.source,
        "group": image.group,
        "split": image.split,
        "data bar (rows)": image.databar.rows,
        "found by": image.databar.found_by,
        "size (px)": f"{image.shape[1]} x {image.shape[0]}",
        "channels": image.shape[2],
        "assembled from": " + ".join(part.source for part in image.parts),
        "type": image.dtype,
        "pixel size (nm)": image.pixel_size_nm,
        "role": image.role,
    }


def _preview(plan: Plan) -> None:
    chosen = st.selectbox("Preview", plan.images, format_func=lambda image: image.source, key="preview")
    if chosen.parts:
        st.caption(f"{chosen.shape[2]} channels, assembled from {len(chosen.parts)} files in this order:")
    for part in chosen.parts or (chosen,):
        _picture(plan, part)
        show_noise(part)


def _picture(plan: Plan, image: PlannedImage) -> None:
    pixels = to_grey(read_micrograph(image.path, image.page)).pixels.mean(axis=2)
    grey = to_display(pixels, display_window([pixels]))
    over = mask_over(plan, image)
    if over is not None:
        st.image(over, caption="Classes of the mask in colour over the image.", width="stretch")
        return
    rows = image.databar.rows
    cut = f"{rows} rows at the bottom will be cut ({image.databar.found_by})." if rows else "Nothing will be cut."
    caption = (
        f"{image.source}, {counted(image.shape[2], 'channel')}. {cut}" if image.part or image.shape[2] > 1 else cut
    )
    st.image(with_cut_line(grey, rows), caption=caption, width="stretch")

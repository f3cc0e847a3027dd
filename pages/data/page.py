"""Data: from raw files to a dataset; everything is shown before anything is cut."""

from pathlib import Path

import streamlit as st

from pages.data.existing import show_datasets
from pages.data.masks import ask_suffix
from pages.data.pairs import choose_registration
from pages.data.plan import show_plan
from pages.people.session import signed_in
from pages.widgets.frame import begin, shown_errors
from pages.widgets.source import choose_source
from pages.widgets.tasks import launch, watched
from pages.widgets.words import LABELS, on_page
from pipelines.counts import counted
from pipelines.data.requests import PrepareRequest
from pipelines.jobs.admission import admit
from sem_models.datasets.kinds import LAYOUTS, Kind
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from sem_models.errors import UserError

TASK = "prepare"
KINDS: tuple[Kind, ...] = ("single", "paired", "unpaired", "masked")


def show() -> None:
    """Show the page."""
    begin("Data", "Turn raw micrographs into a dataset: cut data bars, keep specimens together, hash every file.")
    with shown_errors():
        _result()
        request = _request()
        if (
            st.button("Look at the files", type="primary", disabled=request is None, icon=":material/search:")
            and request
        ):
            st.session_state["plan"] = _plan(request)
        plan: Plan | None = st.session_state.get("plan")
        if plan is not None and request is not None and plan.options != request:
            st.caption("The settings have changed: look at the files again before you prepare them.")
        elif plan is not None and request is not None:
            show_plan(plan)
            if st.button("Prepare the dataset", type="primary", icon=":material/content_cut:"):
                launch(TASK, request)
                st.rerun()
        show_datasets()


def _result() -> None:
    state = watched(TASK)
    if state and state.result:
        counts = state.result["images"]
        st.success(
            f"Dataset **{state.result['name']}** is ready: {counts['train']} training, {counts['val']} validation and "
            f"{counts['test']} test images; {counted(len(state.result['skipped']), 'file')} left out."
        )
        st.page_link("train/page.py", label="Train on it", icon=":material/model_training:")


def _request() -> PrepareRequest | None:
    """Read the widgets; None while something is missing or cannot be used, which is then shown."""
    left, right = st.columns(2, gap="large")
    with left:
        name = st.text_input("Name of the dataset", placeholder="steel-2026", key="name").strip()
        kind = st.selectbox("Kind", KINDS, format_func=_describe, key="kind")
        raw = choose_source("Folder of raw micrographs on the server", "raw", name)
        other, layout = None, LAYOUTS[kind]
        if len(layout.roles) > 1:
            label = "Folder of masks" if layout.has_masks else "Folder of targets"
            other = st.text_input(label, key="other").strip() or None
        suffix = ask_suffix() if layout.has_masks else None
        extra_inputs = _extra_inputs() if layout.is_paired else ()
    with right:
        group, target_group, test = group_fields(kind)
        size = st.number_input(
            "Pixel size (nm)", 0.0, help="0: as the files state it.", key="pixel_size", format="%.4f"
        )
        together = st.toggle(LABELS["join_same_field"], True, help=PrepareRequest.description("join_same_field"))
        as_images = masks_as_images_field(kind)
        target_size, common = pixel_size_fields(kind)
        manual = st.toggle("Set the data bar by hand", key="manual_bar")
        rows = st.number_input("Data bar (rows at the bottom)", 0, 4096, disabled=not manual, key="databar_rows")
        registration, limit = choose_registration(disabled=not layout.is_paired)
    if not name or raw is None or (len(layout.roles) > 1 and other is None):
        return None
    folder = Path(other) if other else None
    of_pairs = {"registration": registration, "max_residual_px": limit} if layout.is_paired else {}
    try:
        return PrepareRequest(
            name=name,
            raw=(raw,),
            kind=kind,
            target=folder if layout.brings_inputs else None,
            masks=folder if layout.has_masks else None,
            group_by=group,
            target_group_by=target_group,
            test_groups=test,
            join_same_field=together,
            masks_as_images=as_images,
            pixel_size_nm=size,
            databar_rows=int(rows) if manual else None,
            target_pixel_size_nm=target_size,
            resample_nm=common,
            mask_suffix=suffix,
            extra_inputs=extra_inputs,
            **of_pairs,
        )
    except UserError as error:
        st.error(on_page(error.message))
        return None


def _extra_inputs() -> tuple[Path, ...]:
    """Ask for folders whose files complete the inputs."""
    text = st.text_area(
        "Folders of extra inputs, one per line",
        key="further",
        help="Other detectors or polarisations of the same fields, matched by name; their channels follow the first.",
    )
    return tuple(Path(line.strip()) for line in text.splitlines() if line.strip())


def masks_as_images_field(kind: Kind) -> bool:
    """Ask whether files that are named like masks of others are used, where all files are images."""
    if len(LAYOUTS[kind].roles) > 1:
        return False
    what = PrepareRequest.description("masks_as_images")
    return st.toggle(LABELS["masks_as_images"], help=what, key="masks_as_images")


def _describe(kind: Kind) -> str:
    return {
        "single": "single: sharp images, degraded during training",
        "paired": "paired: input and target of one field",
        "unpaired": "unpaired: two domains",
        "masked": "masked: images with label masks",
    }[kind]


def _plan(request: PrepareRequest) -> Plan | None:
    bar = st.progress(0.0, text="Reading the files")

    def tell(done: int, total: int, what: str) -> None:
        bar.progress(done / total, f"{done} of {total} {what}")

    try:
        admit(request, signed_in())
        return plan_dataset(request, tell)
    except UserError as error:
        st.error(on_page(error.message))
        return None
    finally:
        bar.empty()


def group_fields(kind: Kind) -> tuple[str | None, str | None, str | None]:
    """Ask for the group pattern, that of the other domain, and the test groups; None where not given."""
    help_text = f"{PrepareRequest.description('group_by')} Empty: chosen automatically."
    group = st.text_input("Group pattern", key="group", help=help_text).strip()
    other = ""
    if LAYOUTS[kind].is_unpaired:
        help_text = f"{PrepareRequest.description('target_group_by')} Empty: as above."
        other = st.text_input("Group pattern of the other domain", key="target_group", help=help_text).strip()
    help_text = f"{PrepareRequest.description('test_groups')} Empty: chosen at random."
    test = st.text_input("Test groups", key="test_groups", help=help_text).strip()
    return group or None, other or None, test or None


def pixel_size_fields(kind: Kind) -> tuple[float | None, float | None]:
    """Ask for the pixel size of the targets and for the common one, both in nm; None where not given."""
    own = None
    if LAYOUTS[kind].brings_inputs:
        what = "Pixel size of the targets (nm)"
        own = st.number_input(what, 0.0, help="0: as for the other images.", key="target_pixel_size", format="%.4f")
    common = st.number_input(
        "Resample all to (nm)",
        0.0,
        help="0: no resampling. Masks keep their labels; enlarging adds no detail.",
        key="resample",
        format="%.4f",
    )
    return own or None, common or None


show()

"""What the Data page asks: where the files are, what they are, and how they are prepared."""

import re
from pathlib import Path
from typing import Any

import streamlit as st

from pages.data.corrections import corrections_for
from pages.data.registration import choose_registration
from pages.widgets.source import choose_source
from pages.widgets.words import LABELS, on_page
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.kinds import LAYOUTS, Kind, Layout
from sem_models.datasets.preparation.arrangements import ARRANGEMENTS, Way
from sem_models.datasets.preparation.options import Arrangement
from sem_models.errors import UserError

KINDS: dict[Kind, str] = {
    "single": "Single: sharp images, degraded during training",
    "paired": "Paired: input and target of one field",
    "unpaired": "Unpaired: two domains",
    "masked": "Masked: images with label masks",
}


def ask() -> PrepareRequest | None:
    """Read the widgets; None while something is missing or cannot be used, which is then shown."""
    left, right = st.columns(2, gap="large")
    with left:
        kind = st.selectbox("Kind", list(KINDS), format_func=KINDS.__getitem__, key="kind")
        layout = LAYOUTS[kind]
        arrangement = _ask_arrangement(kind)
        raw = choose_source("Folder of raw micrographs on the server", "raw", "micrographs", what="micrographs")
        files = _other_files(layout, ARRANGEMENTS[arrangement])
        name = _ask_name(raw)
        card = _ask_card()
    with right:
        settings = _grouping(kind) | _scale(layout) | _data_bar() | _registration(layout)
    if raw is None or files is None:
        what = "micrographs" if raw is None else "masks" if layout.has_masks else "targets"
        st.caption(f"Still needed: where the {what} are.")
        return None
    given = {"name": name, "raw": (raw,), "kind": kind, "arrangement": arrangement, **files, **settings, **card}
    try:
        request = PrepareRequest(**given)
        return request.model_copy(update={"corrections": corrections_for(request)})
    except UserError as error:
        st.error(on_page(error.message))
        return None


def _ask_name(raw: Path | None) -> str:
    """Ask for the name of the dataset; that of the folder is proposed."""
    proposed = re.sub(r"[^A-Za-z0-9._-]+", "-", raw.name).strip("-._") if raw else ""
    proposed = proposed or "dataset"
    name = st.text_input("Name of the dataset", placeholder=proposed, key="name").strip()
    return name or proposed


def _ask_card() -> dict[str, str]:
    """Ask what no program can know about the images, for the card of the dataset."""
    with st.popover("For its card: what, from where, licence", icon=":material/id_card:"):
        return {
            name: st.text_input(LABELS[name], key=f"card-{name}", help=PrepareRequest.description(name)).strip()
            for name in ("about", "origin", "licence")
        }


def _ask_arrangement(kind: Kind) -> Arrangement:
    """Ask how the files lie, if more than one arrangement goes with the kind."""
    fitting = [name for name, way in ARRANGEMENTS.items() if kind in way.kinds]
    if len(fitting) == 1:
        return fitting[0]
    return st.selectbox(
        LABELS["arrangement"], fitting, format_func=lambda name: ARRANGEMENTS[name].label, key=f"arrangement-{kind}"
    )


def _other_files(layout: Layout, way: Way) -> dict[str, Any] | None:
    """Ask for targets or masks and for extra inputs; None while they are missing."""
    if len(layout.roles) == 1:
        return {"masks_as_images": _masks_as_images()}
    files: dict[str, Any] = {}
    is_missing = False
    if way.second_folder != "none":
        what = "masks" if layout.has_masks else "targets"
        optional = " (if they are elsewhere)" if way.second_folder == "optional" else ""
        other = choose_source(f"Folder of {what} on the server{optional}", "other", what, what=what)
        files["masks" if layout.has_masks else "target"] = other
        is_missing = other is None and not optional
    if layout.has_masks:
        files["mask_suffix"] = _ask_suffix()
    if layout.is_paired and way.second_folder == "needed":
        files["extra_inputs"] = _extra_inputs()
    return None if is_missing else files


def _ask_suffix() -> str | None:
    """Ask what the names of masks end in; None: masks are matched by their whole names."""
    help_text = PrepareRequest.description("mask_suffix")
    return st.text_input("Mask suffix", key="mask_suffix", placeholder="_seg-axon", help=help_text).strip() or None


def _extra_inputs() -> tuple[Path, ...]:
    """Ask for folders whose files complete the inputs."""
    text = st.text_area(
        "Folders of extra inputs, one per line",
        key="further",
        height=68,
        help="Other detectors or polarisations of the same fields, matched by name; their channels follow the first.",
    )
    return tuple(Path(line.strip()) for line in text.splitlines() if line.strip())


def _masks_as_images() -> bool:
    """Ask whether files that are named like masks of others are used."""
    what = PrepareRequest.description("masks_as_images")
    return st.toggle(LABELS["masks_as_images"], help=what, key="masks_as_images")


def _grouping(kind: Kind) -> dict[str, Any]:
    """Ask for the group patterns and the test groups."""
    help_text = f"{PrepareRequest.description('group_by')} Empty: chosen automatically."
    found: dict[str, Any] = {"group_by": st.text_input("Group pattern", key="group", help=help_text).strip()}
    if LAYOUTS[kind].is_unpaired:
        help_text = f"{PrepareRequest.description('target_group_by')} Empty: as above."
        found["target_group_by"] = st.text_input(
            "Group pattern of the other domain", key="target_group", help=help_text
        ).strip()
    help_text = f"{PrepareRequest.description('test_groups')} Empty: chosen at random."
    found["test_groups"] = st.text_input("Test groups", key="test_groups", help=help_text).strip()
    what = PrepareRequest.description("join_same_field")
    found["join_same_field"] = st.toggle(LABELS["join_same_field"], True, help=what)
    return found


def _scale(layout: Layout) -> dict[str, Any]:
    """Ask for pixel sizes in nm; an empty field leaves what the files state."""
    as_stated = "as the files state it"
    found = {"pixel_size_nm": _nm("Pixel size (nm)", "pixel_size", as_stated)}
    if layout.brings_inputs:
        own = "as for the other images"
        found["target_pixel_size_nm"] = _nm("Pixel size of the targets (nm)", "target_pixel_size", own)
    found["resample_nm"] = _nm(
        "Resample all to (nm)", "resample", "no resampling", "Masks keep their labels; enlarging adds no detail."
    )
    return found


def _nm(label: str, key: str, empty: str, help_text: str | None = None) -> float | None:
    return st.number_input(label, 0.0, value=None, placeholder=empty, format="%.4f", key=key, help=help_text)


def _data_bar() -> dict[str, Any]:
    rows = st.number_input(
        "Data bar of all images (rows)", 0, 4096, value=None, placeholder="found in each image", key="databar_rows",
        help="For all images; single ones are corrected below, on the image.",
    )  # fmt: skip
    return {"databar_rows": None if rows is None else int(rows)}


def _registration(layout: Layout) -> dict[str, Any]:
    if not layout.is_paired:
        return {}
    way, limit = choose_registration(disabled=False)
    return {"registration": way, "max_residual_px": limit}

"""Fields for pixel sizes that differ between two kinds of images, and for the one they are brought to."""

import streamlit as st

from sem_models.data.manifest import Kind


def pixel_size_fields(kind: Kind) -> tuple[float | None, float | None]:
    """Pixel size of the targets, and the common one, both in nm; None where not given."""
    own = None
    if kind in ("paired", "unpaired"):
        what = "Pixel size of the targets (nm)"
        own = st.number_input(what, 0.0, help="0: as the others.", key="target_pixel_size", format="%.4f")
    common = st.number_input(
        "Resample all to (nm)",
        0.0,
        help="0: leave them. Masks keep their labels; enlarging adds no detail.",
        key="resample",
        format="%.4f",
    )
    return own or None, common or None

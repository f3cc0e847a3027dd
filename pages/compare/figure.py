"""A figure for a paper: the same crop of an image through the methods that somebody chooses."""

import streamlit as st

from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.gallery_files import TARGET, gallery_pictures, usual_choice
from pipelines.publish.crops import Crop
from pipelines.publish.figure import COLUMN_MM, PAGE_MM
from pipelines.publish.figure_of import PREVIEW, comparison_figure
from pipelines.viewing.files import open_image

_WIDTHS = {COLUMN_MM: "One column (85 mm)", PAGE_MM: "Page (180 mm)"}
_KINDS = {"svg": "image/svg+xml", "pdf": "application/pdf", "png": "image/png"}
_USUAL = 6


def offer_figure(comparison: Comparison, image: str, metric: str) -> None:
    """Let the user choose what is shown, draw it once it is wanted, and offer the files."""
    fold = st.expander("Figure for a paper", on_change="rerun", key="figure-fold")
    if not fold.open:
        return
    with fold:
        pictures = {one.method: one for one in gallery_pictures(comparison, image) if one.is_there}
        target = open_image(pictures[TARGET].path)
        labels = {method: one.label for method, one in pictures.items()}
        usual = [one.method for one in usual_choice(list(pictures.values()), _USUAL)]
        methods = st.multiselect("Pictures", list(labels), usual, format_func=labels.__getitem__, key="figure-methods")
        width, left, top, edge = st.columns(4)
        width_mm = width.selectbox("Width", list(_WIDTHS), index=1, format_func=_WIDTHS.__getitem__, key="figure-width")
        crop = Crop.middle(target.height, target.width)
        column_px = left.number_input("Left (px)", 0, target.width - 1, crop.left, key=f"figure-left-{image}")
        row_px = top.number_input("Top (px)", 0, target.height - 1, crop.top, key=f"figure-top-{image}")
        most = min(target.height, target.width)
        edge_px = edge.number_input("Edge (px)", min(16, most), most, crop.edge, key=f"figure-edge-{image}")
        st.caption("The status line of the viewer above says where the mouse is, in px of the target or in nm.")
        if not methods:
            return
        chosen = Crop(int(column_px), int(row_px), int(edge_px))
        files = comparison_figure(comparison, image, chosen, width_mm, metric, tuple(methods))
        caption = f"{_WIDTHS[width_mm]}, 300 dpi; one display window for all pictures."
        st.image(files[PREVIEW], caption=caption, alt=f"The figure: {', '.join(methods)}")
        with st.container(horizontal=True):
            for name, content in files.items():
                kind = name.rsplit(".", 1)[-1]
                st.download_button(
                    kind.upper(), content, f"{image}-{name}", _KINDS[kind], icon=":material/download:",
                    key=f"figure-{kind}", on_click="ignore",
                )  # fmt: skip

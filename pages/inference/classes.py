"""A result whose input or output is a label map: classes in their colours, a legend with shares, and a download."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from pages.widgets.classes import class_overlay, class_table, shown_classes
from pages.widgets.downloads import offer_download
from pages.widgets.viewer.component import ShownImage, show_viewer
from pipelines.viewing.downloads import FileDownload
from pipelines.viewing.files import fingerprint, open_image, open_input
from pipelines.viewing.label_maps import open_classes
from pipelines.viewing.pyramid import Pyramid
from sem_models.datasets.labels import LabelMap
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph


def show_classes_result(source: Path, page: int, output: Path, labels: tuple[int, ...], drawn: bool) -> None:
    """Show image and mask; with `drawn` the mask was the input, otherwise it is the output."""
    made = to_grey(read_micrograph(output))
    field = made.height, made.width
    mask, mask_page = (source, page) if drawn else (output, 0)
    opening = partial(open_classes, mask, mask_page, lambda raw: classes_of(_cut(raw, field), labels), labels, field)
    over = shown_classes(labels)
    key = f"{fingerprint(source)}|{page}|{fingerprint(output)}"
    image = (
        ShownImage("Drawn from the mask", f"{key}|drawn", partial(open_image, output))
        if drawn
        else ShownImage("As recorded", f"{key}|input", partial(_recorded, source, page, output), measured=True)
    )
    label_map = ShownImage("Mask" if drawn else "Classes", f"{key}|classes", opening, "classes", classes=over)
    st.caption(size_text(made))
    overlay = class_overlay("Classes", f"{key}|over", opening, over)
    show_viewer([image, label_map], [0, 1] if drawn else [0], "classes-viewer", overlays=[overlay])
    show_legend(opening().levels[0], labels)
    offer_download("Download the TIFF", FileDownload(output, "image/tiff"), "classes")
    if not drawn:
        st.caption(f"The file holds the label values of the training masks: {', '.join(map(str, labels))}.")


def _recorded(source: Path, page: int, output: Path) -> Pyramid:
    return open_input(source, page, open_image(output))


def _cut(raw: NDArray[np.generic], field: tuple[int, int]) -> NDArray[np.generic]:
    height, width = field
    return raw[:height, :width]


def size_text(image: Micrograph) -> str:
    """Describe an output: width, height and pixel size."""
    size = image.pixel_size_nm
    return f"{image.width} x {image.height} px, {f'{size:.4g} nm per pixel' if size else 'pixel size unknown'}."


def classes_of(mask: NDArray[np.generic], labels: tuple[int, ...]) -> NDArray[np.uint8]:
    """Turn an (H, W, 1) mask of raw label values into (H, W) class indices."""
    found: NDArray[np.uint8] = LabelMap(labels, {}).classes(mask)[..., 0]
    return found


def show_legend(classes: NDArray[np.unsignedinteger], labels: tuple[int, ...]) -> None:
    """Show which colour is which class, and how much of the image it covers."""
    class_table(legend(classes, labels))


def legend(classes: NDArray[np.unsignedinteger], labels: tuple[int, ...]) -> pd.DataFrame:
    """Tabulate one row per class: its index, its label in the mask file, its share of the pixels in percent."""
    shares = 100 * np.bincount(classes.ravel(), minlength=len(labels)) / classes.size
    return pd.DataFrame({"class": range(len(labels)), "label in the masks": labels, "share (%)": shares})

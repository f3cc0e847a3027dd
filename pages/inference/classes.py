"""A result whose input or output is a label map: classes in their colours, a legend with shares, and a download."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from pages.widgets.classes import class_table
from sem_models.datasets.labels import LabelMap
from sem_models.images.channels import to_grey
from sem_models.images.display import coloured, display_window, overlay, to_display
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph

Picture = NDArray[np.uint8]


def show_classes_result(recorded: Micrograph, output: Path, labels: tuple[int, ...], drawn: bool) -> None:
    """Show image and mask side by side; with `drawn` the mask was the input, otherwise it is the output."""
    made = to_grey(read_micrograph(output))
    given = to_grey(recorded).pixels[: made.height, : made.width]
    mask, image = (given, made.pixels) if drawn else (made.pixels, given)
    classes = classes_of(mask, labels)
    grey = to_display(image[..., 0], display_window([image[..., 0]]))
    st.caption(size_text(made))
    left, right = st.columns(2, gap="large")
    if drawn:
        left.image(coloured(classes), caption="Mask", alt="Mask", width="stretch")
        right.image(grey, caption="Drawn from the mask", alt="Drawn from the mask", width="stretch")
    else:
        opacity = st.slider("Strength of the colours", 0.0, 1.0, 0.4, 0.05, key="classes-opacity")
        left.image(grey, caption="As recorded", alt="As recorded", width="stretch")
        right.image(
            overlay(grey, classes, opacity),
            caption="Classes over the image",
            alt="Classes over the image",
            width="stretch",
        )
    show_legend(classes, labels)
    st.download_button("Download the TIFF", output.read_bytes(), output.name, "image/tiff", icon=":material/download:")
    if not drawn:
        st.caption(f"The file holds the label values of the training masks: {', '.join(map(str, labels))}.")


def size_text(image: Micrograph) -> str:
    """Describe an output: width, height and pixel size."""
    size = image.pixel_size_nm
    return f"{image.width} x {image.height} px, {f'{size:.4g} nm per pixel' if size else 'pixel size unknown'}."


def classes_of(mask: NDArray[np.generic], labels: tuple[int, ...]) -> NDArray[np.uint8]:
    """Turn an (H, W, 1) mask of raw label values into (H, W) class indices."""
    found: NDArray[np.uint8] = LabelMap(labels, {}).classes(mask)[..., 0]
    return found


def show_legend(classes: NDArray[np.uint8], labels: tuple[int, ...]) -> None:
    """Show which colour is which class, and how much of the image it covers."""
    class_table(legend(classes, labels))


def legend(classes: NDArray[np.uint8], labels: tuple[int, ...]) -> pd.DataFrame:
    """Tabulate one row per class: its index, its label in the mask file, its share of the pixels in percent."""
    shares = 100 * np.bincount(classes.ravel(), minlength=len(labels)) / classes.size
    return pd.DataFrame({"class": range(len(labels)), "label in the masks": labels, "share (%)": shares})

"""Masks on the Data page: which files, which classes, and the classes drawn over the image."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from pages.widgets.classes import class_table
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.labels import LabelMap, same_field
from sem_models.datasets.preparation.plan import Plan, class_shares
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.images.channels import to_grey
from sem_models.images.display import display_window, overlay, to_display
from sem_models.images.io.read import read_micrograph


def ask_suffix() -> str | None:
    """Ask what the names of masks end in; None: masks are matched by their whole names."""
    help_text = PrepareRequest.description("mask_suffix")
    return st.text_input("Mask suffix", key="mask_suffix", placeholder="_seg-axon", help=help_text).strip() or None


def show_classes(plan: Plan) -> None:
    """Show a table of the classes with their shares, in their colours."""
    shares = class_shares(plan)
    rows = [
        {"class": index, "label in the masks": value, "share (%)": round(100 * share, 2)}
        for index, (value, share) in enumerate(shares.items())
    ]
    st.markdown("**Classes**")
    class_table(pd.DataFrame(rows))


def mask_over(plan: Plan, chosen: PlannedImage) -> NDArray[np.uint8] | None:
    """Draw the classes of a mask over its image, as (H, W, 3); None where an image was chosen."""
    if plan.labels is None or chosen.role != "mask":
        return None
    image = next(other for other in plan.images if other.sample == chosen.sample and other.role == "image")
    key = repr((image.content, image.databar.rows, chosen.content, plan.labels))
    return _drawn(key, image, chosen, plan.labels)


@st.cache_data(max_entries=24, show_spinner="Drawing the classes")
def _drawn(key: str, _image: PlannedImage, _mask: PlannedImage, _labels: LabelMap) -> NDArray[np.uint8]:  # noqa: ARG001
    """Draw classes over an image; `key` names both, so that the files are read once."""
    pixels: NDArray[Any] = to_grey(read_micrograph(_image.path, _image.page)).pixels
    kept = pixels[: pixels.shape[0] - _image.databar.rows]
    labels = to_grey(read_micrograph(_mask.path, _mask.page)).pixels
    classes = _labels.classes(same_field(labels, kept.shape, _image.databar.rows, _mask.source))
    return overlay(to_display(kept, display_window([kept])), classes[..., 0])

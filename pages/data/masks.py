"""Masks on the Data page: which classes, and the classes drawn over the image."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from pages.widgets.classes import class_overlay, class_table, shown_classes
from pages.widgets.viewer.component import ShownImage, show_viewer
from pipelines.viewing.files import fingerprint, open_field
from pipelines.viewing.label_maps import open_classes
from sem_models.datasets.labels import LabelMap, same_field
from sem_models.datasets.preparation.plan import Plan, class_shares
from sem_models.datasets.preparation.planned_image import PlannedImage


def show_classes(plan: Plan) -> None:
    """Show a table of the classes with their shares, in their colours."""
    shares = class_shares(plan)
    rows = [
        {"class": index, "label in the masks": value, "share (%)": round(100 * share, 2)}
        for index, (value, share) in enumerate(shares.items())
    ]
    st.markdown("**Classes**")
    class_table(pd.DataFrame(rows))


def show_mask(plan: Plan, mask: PlannedImage, labels: LabelMap) -> None:
    """Show the classes of a mask over its image, cut as both will be."""
    image = next(other for other in plan.images if other.sample == mask.sample and other.role == "image")
    rows = image.databar.rows
    kept = image.shape[0] - rows, image.shape[1]
    about = f"{fingerprint(image.path)}|{image.page}|{rows}|{image.pixel_size_nm}"

    def classes_of(raw: NDArray[Any]) -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = labels.classes(same_field(raw, (*kept, 1), rows, mask.source))[..., 0]
        return found

    opening = partial(open_classes, mask.path, mask.page, classes_of, repr(labels), *kept)
    name, over = f"{fingerprint(mask.path)}|{mask.page}|{about}", shown_classes(labels.values)
    images = [
        ShownImage(
            image.source, about, partial(open_field, image.path, image.page, *kept, image.pixel_size_nm), measured=True
        ),
        ShownImage("Mask", f"{name}|mask", opening, "classes", classes=over),
    ]
    show_viewer(images, [0], "mask-viewer", overlays=[class_overlay("Classes", name, opening, over)])

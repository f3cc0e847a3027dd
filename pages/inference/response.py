"""Where a model changed the image, over the image: what was sharp already should stay grey."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from sem_models.evaluation.regions import response_map
from sem_models.images.display import DisplayWindow, to_display
from sem_models.images.intensity import IntensityRange

Grey = NDArray[np.float64]
_ORANGE = np.array([255.0, 120.0, 0.0])
_FULL = 0.5
"""One scale for all images: on a scale of its own an untouched image would look as changed as any other."""


def show_response(before: Grey, after: Grey, limits: IntensityRange, window: DisplayWindow) -> None:
    """The response in orange over the recorded pixels; (H, W) native grey values of one size."""
    unit = [((image - limits.lo) / limits.span).astype(np.float32) for image in (before, after)]
    response = response_map(*unit)
    strength = st.slider("Strength of the overlay", 0.0, 1.0, 0.7, 0.05, key="response-strength")
    st.image(overlay(to_display(before, window), response / _FULL, strength))
    st.caption(
        f"Change relative to local contrast, root mean square within about 12 px; full orange is {_FULL}, the "
        f"median {np.median(response):.2f}. A refocusing model that knows what is sharp answers where it was blurred."
    )


def overlay(grey: NDArray[np.uint8], response: NDArray[np.float32], strength: float) -> NDArray[np.uint8]:
    """(H, W, 3): grey where the response is 0, mixed with orange by `strength` where it is 1 or more."""
    share = strength * np.clip(response, 0, 1)[..., None]
    mixed: NDArray[np.uint8] = np.rint(grey[..., None] * (1 - share) + _ORANGE * share).astype(np.uint8)
    return mixed

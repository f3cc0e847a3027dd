"""Where a model changed the image, over the image: what was sharp already should stay dark."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from sem_models.evaluation.regions import response_map
from sem_models.images.display import DisplayWindow
from sem_models.images.intensity import IntensityRange

Grey = NDArray[np.float64]


def show_response(before: Grey, after: Grey, limits: IntensityRange, window: DisplayWindow) -> None:
    """Heat map of the response over the recorded pixels; (H, W) native grey values of one size."""
    unit = [((image - limits.lo) / limits.span).astype(np.float32) for image in (before, after)]
    response = response_map(*unit)
    top = max(float(np.percentile(response, 99.5)), 0.1)
    strength = st.slider("Strength of the overlay", 0.0, 1.0, 0.5, 0.05, key="response-strength")
    figure = go.Figure()
    figure.add_heatmap(z=before[::-1], colorscale="gray", zmin=window.lo, zmax=window.hi, showscale=False)
    figure.add_heatmap(
        z=response[::-1], colorscale="Inferno", zmin=0, zmax=top, opacity=strength, colorbar_title="response"
    )
    figure.update_layout(
        height=520,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        yaxis={"scaleanchor": "x", "visible": False},
        xaxis_visible=False,
    )
    st.plotly_chart(figure, key="response")
    st.caption(
        f"Change relative to local contrast, root mean square within about 12 px; median {np.median(response):.2f}, "
        f"largest {response.max():.2f}. A refocusing model that knows what is sharp answers only where it was blurred."
    )

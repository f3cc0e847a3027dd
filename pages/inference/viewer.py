"""Before and after at 1:1, difference map, line profile, download; all panels share one display window."""

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from pages.widgets.pictures import data_url, enlarge
from pages.widgets.slider import before_after
from sem_models.evaluation.metrics.regions import response_map
from sem_models.images.channels import to_grey
from sem_models.images.display import DisplayWindow, display_window, to_display
from sem_models.images.intensity import IntensityRange, intensity_range
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph

_VIEW = (480, 760)
_SIDES, _PROFILE, _DIFFERENCE, _RESPONSE = "Before / after", "Line profile", "Difference map", "Response map"
_ABSTENTION = "Left as recorded"
Grey = NDArray[np.float64]


def show_result(recorded: Micrograph, output: Path, model: str, restored: bool, abstention: Path | None = None) -> None:
    """Show all views of one result; those of changes only where the output is the input `restored`.

    A model may also have written a map of `abstention`.
    """
    before, after = to_grey(recorded), read_micrograph(output)
    scale = max(after.width // before.width, 1)
    _facts(before, after)
    enlarged = enlarge(before.pixels.mean(axis=2), scale).astype(np.float64)
    made = after.pixels.mean(axis=2).astype(np.float64)
    enlarged = enlarged[: made.shape[0], : made.shape[1]]
    window = _window([enlarged] if restored else [enlarged, made])
    top, left = _field(made.shape)
    part = np.s_[top : top + _VIEW[0], left : left + _VIEW[1]]
    changes = [_DIFFERENCE, *([_RESPONSE] if scale == 1 else [])] if restored else []
    names = [_SIDES, _PROFILE, *changes, *([_ABSTENTION] if abstention else [])]
    views = dict(zip(names, st.tabs(names), strict=True))
    with views[_SIDES]:
        label = f"as recorded, pixels repeated x{scale}" if scale > 1 else "as recorded"
        pictures = data_url(enlarged[part], window), data_url(made[part], window)
        before_after(*pictures, label, model, key=f"slider-{output.name}-{top}-{left}")
    with views[_PROFILE]:
        _profile(enlarged, made, after.pixel_size_nm, top)
    if _DIFFERENCE in views:
        with views[_DIFFERENCE]:
            _difference(enlarged[part], made[part])
    if _RESPONSE in views:
        with views[_RESPONSE]:
            show_response(enlarged[part], made[part], intensity_range(before.pixels), window)
    if abstention:
        with views[_ABSTENTION]:
            show_abstention(enlarged[part], read_micrograph(abstention).pixels[..., 0][part], window)
    st.download_button("Download the TIFF", output.read_bytes, output.name, "image/tiff", icon=":material/download:")


def _facts(before: Micrograph, after: Micrograph) -> None:
    columns = st.columns(4)
    for column, label, image in ((columns[0], "Input", before), (columns[1], "Output", after)):
        column.metric(f"{label} (px)", f"{image.width} x {image.height}")
    sizes = [f"{image.pixel_size_nm:.4g}" for image in (before, after) if image.pixel_size_nm]
    columns[2].metric("Pixel size in, out (nm)", " → ".join(sizes) or "unknown")
    columns[3].metric("Type", str(after.pixels.dtype))


def _window(images: list[Grey]) -> DisplayWindow:
    found = display_window([np.concatenate([image.ravel() for image in images])])
    lowest, highest = min(float(image.min()) for image in images), max(float(image.max()) for image in images)
    if highest <= lowest:
        return found
    lo, hi = st.slider(
        "Display window of all panels (grey values)", lowest, highest, (found.lo, found.hi), key="window"
    )
    return DisplayWindow(lo, max(hi, lo + 1e-6))


def _field(shape: tuple[int, ...]) -> tuple[int, int]:
    """Ask for the top left corner of the part that is shown, in output pixels."""
    columns = st.columns(2)
    corner = []
    for column, axis, size, view in zip(columns, ("row", "column"), shape, _VIEW, strict=False):
        room = max(size - view, 0)
        corner.append(column.slider(f"First {axis} (px)", 0, room, room // 2, key=f"first-{axis}") if room else 0)
    return corner[0], corner[1]


def _difference(before: Grey, after: Grey) -> None:
    difference = after - before
    limit = float(np.percentile(np.abs(difference), 99.5)) or 1.0
    figure = go.Figure(
        go.Heatmap(z=difference[::-1], colorscale="RdBu_r", zmin=-limit, zmax=limit, colorbar_title="grey values")
    )
    figure.update_layout(
        height=520,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        yaxis={"scaleanchor": "x", "visible": False},
        xaxis_visible=False,
    )
    st.plotly_chart(figure, key="difference")
    rms = float(np.sqrt((difference**2).mean()))
    st.caption(
        f"Output minus recorded pixels; root mean square {rms:.2f} grey values in this part. The scale ends at the "
        "99.5th percentile."
    )


def _profile(before: Grey, after: Grey, pixel_size_nm: float | None, top: int) -> None:
    height = after.shape[0]
    row = (
        st.slider("Row (px)", 0, height - 1, min(top + _VIEW[0] // 2, height - 1), key="profile-row")
        if height > 1
        else 0
    )
    place = np.arange(after.shape[1]) * (pixel_size_nm or 1.0)
    figure = go.Figure()
    figure.add_scatter(x=place, y=before[row], name="recorded", line={"color": "#8b949b"})
    figure.add_scatter(x=place, y=after[row], name="output", line={"color": "#1f5f8b"})
    figure.update_layout(
        height=360, margin={"l": 60, "r": 10, "t": 10, "b": 45}, template="simple_white", yaxis_title="grey value",
        xaxis_title="position (nm)" if pixel_size_nm else "position (px)", legend={"orientation": "h", "y": 1.1},
    )  # fmt: skip
    st.plotly_chart(figure, key="profile")


_ORANGE = np.array([255.0, 120.0, 0.0])
_FULL = 0.5
"""The same for all images: on a scale of its own, an unchanged image would look as changed as any other."""


def show_response(before: Grey, after: Grey, limits: IntensityRange, window: DisplayWindow) -> None:
    """Show the response in orange over the recorded pixels; (H, W) native grey values of the same size."""
    unit = [((image - limits.lo) / limits.span).astype(np.float32) for image in (before, after)]
    response = response_map(*unit)
    strength = st.slider("Strength of the overlay", 0.0, 1.0, 0.7, 0.05, key="response-strength")
    st.image(overlay(to_display(before, window), response / _FULL, strength))
    st.caption(
        f"Change relative to local contrast, root mean square within about 12 px; full orange is {_FULL}, "
        f"the median {np.median(response):.2f}. A good refocusing model changes blurred regions and leaves sharp ones."
    )


def show_abstention(before: Grey, abstains: NDArray[np.float32], window: DisplayWindow) -> None:
    """Show in orange where a model left the recorded pixels as they were; (H, W) grey values, and 0 to 1."""
    st.image(overlay(to_display(before, window), abstains, 0.7))
    st.caption(
        f"Orange: left as recorded, {abstains.mean():.0%} of this part. There, the refocused image, blurred again by "
        "the chosen width, does not give the recorded one back; a smaller width may fit. A specimen that is soft by "
        "nature is not recognised."
    )


def overlay(grey: NDArray[np.uint8], response: NDArray[np.float32], strength: float) -> NDArray[np.uint8]:
    """Mix grey with orange into (H, W, 3): grey where the response is 0, a share of `strength` orange from 1 on."""
    share = strength * np.clip(response, 0, 1)[..., None]
    mixed: NDArray[np.uint8] = np.rint(grey[..., None] * (1 - share) + _ORANGE * share).astype(np.uint8)
    return mixed

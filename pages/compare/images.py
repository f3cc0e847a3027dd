"""Every test image: a plot in which a click opens an image, and the image through every method in one viewer."""

import math

import plotly.graph_objects as go
import streamlit as st

from pages.charts.curves import LEGEND_PX, MARGIN
from pages.compare.choice import IMAGE
from pages.compare.figure import offer_figure
from pages.compare.gallery import show_gallery, start_gallery
from pages.compare.means import BASELINE_COLOUR, marker_of
from pages.people.session import signed_in
from pages.widgets.scores import header
from pages.widgets.words import as_text, in_chart
from pipelines.evaluate.by_image import ByImage, ImageScores, by_image
from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.gallery_access import require_test_images
from pipelines.evaluate.gallery_files import offers_pictures
from pipelines.evaluate.labels import method_names
from sem_models.errors import UserError

_EVERY_TICK = 20
"""Up to so many images, each has a tick of its own: there is no image 1.5."""
_WORST, _BEST = "Worst first", "Best first"


def show_images(comparison: Comparison, metric: str) -> str | None:
    """Show the chosen image, which is part of the address, and below it the plot.

    Returns:
        The image if pictures of it are there.
    """
    found = by_image(comparison, metric)
    names = method_names(comparison)
    st.subheader("Image by image")
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    order = left.segmented_control("Order", [_WORST, _BEST], default=_WORST, key="image-order") or _WORST
    images = list(found.images if order == _WORST else reversed(found.images))
    image = _choose(right, found, images, names)
    pictures = st.container()  # above the plot, whose clicks decide what is in it
    event = st.plotly_chart(
        _figure(found, images, image, names, metric), key=f"by-image-{metric}-{order}", on_select="rerun",
        selection_mode="points",
    )  # fmt: skip
    st.caption(
        f"Ordered by the gain of {as_text(names[found.best])} over {as_text(names[found.reference])}. Click a point to "
        "open its image."
    )
    _follow_click(event, image, comparison)
    with pictures:
        return _show_pictures(comparison, image, metric, found.best)


def _show_pictures(comparison: Comparison, image: str, metric: str, best: str) -> str | None:
    """Show the image through every method; return it if its pictures are there."""
    if not offers_pictures(comparison):
        st.caption("Outputs of this task are not micrographs: apply the model to see its classes over an image.")
        st.page_link(
            "inference/page.py", label="Apply the best model", icon=":material/auto_fix_high:",
            query_params={"model": best},
        )  # fmt: skip
        return None
    try:
        require_test_images(comparison.columns[0].report, signed_in())
    except UserError as error:
        st.caption(as_text(str(error)))
        return None
    if not show_gallery(comparison, image):
        return None
    offer_figure(comparison, image, metric)
    return image


def _choose(
    place: "st.delta_generator.DeltaGenerator", found: ByImage, images: list[ImageScores], names: dict[str, str]
) -> str:
    """Let the user choose an image, at first that of the address, else the first one in the order."""
    titles = {one.image: _titled(one, names[found.reference]) for one in images}
    asked = st.query_params.get(IMAGE, "")
    current = asked if asked in titles else images[0].image
    return place.selectbox(
        "Image", list(titles), index=list(titles).index(current), key=f"image-{current}-{images[0].image}",
        format_func=titles.__getitem__, on_change=_remember, args=(f"image-{current}-{images[0].image}",),
    )  # fmt: skip


def _remember(key: str) -> None:
    st.query_params[IMAGE] = st.session_state[key]


def _titled(one: ImageScores, reference: str) -> str:
    gain = "" if math.isnan(one.gain) else f": {one.gain:+.3g} over {reference}"
    return f"{one.image} ({one.group}){gain}"


def _follow_click(event: object, shown: str, comparison: Comparison) -> None:
    """Open the image of a clicked point and compute its pictures; only a new click counts, which the plot remembers."""
    points = event["selection"]["points"] if event else []  # type: ignore[index]
    clicked = str(points[0]["customdata"][0]) if points and points[0].get("customdata") else None
    if clicked != st.session_state.get("clicked-image"):
        st.session_state["clicked-image"] = clicked
        if clicked and clicked != shown:
            st.query_params[IMAGE] = clicked
            if offers_pictures(comparison):
                start_gallery(comparison, clicked)
            st.rerun()


def _figure(found: ByImage, images: list[ImageScores], shown: str, names: dict[str, str], metric: str) -> go.Figure:
    """Draw the score of each method over the images, in their order; the shown image is marked."""
    figure = go.Figure()
    places = list(range(1, len(images) + 1))
    methods = [method for method in names if any(method in one.scores for one in images)]
    for method in methods:
        baseline = method.startswith("baseline:")
        marker = marker_of(method, list(names))
        own = [(place, one) for place, one in zip(places, images, strict=True) if method in one.scores]
        figure.add_scatter(
            x=[place for place, _ in own], y=[one.scores[method] for _, one in own], name=in_chart(names[method]),
            mode="lines+markers", customdata=[[one.image] for _, one in own],
            line={"width": 1, "dash": "dot" if baseline else "solid", "color": marker["color"]},
            marker={"size": 7, **marker},
            visible="legendonly" if baseline and method != found.reference else True,
            hovertemplate="%{customdata[0]}<br>%{y:.4g}",
        )  # fmt: skip
    index = next((place for place, one in zip(places, images, strict=True) if one.image == shown), None)
    if index is not None:
        figure.add_vline(x=index, line={"color": BASELINE_COLOUR, "width": 1, "dash": "dash"})
    figure.update_layout(
        height=290, margin={**MARGIN, "t": LEGEND_PX},
        xaxis={
            "title": "test images, ordered", "automargin": False,
            **({"dtick": 1} if len(images) <= _EVERY_TICK else {}),
        },
        yaxis_automargin=False,
        yaxis_title=header(metric), legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        clickmode="event+select", hovermode="closest",
    )  # fmt: skip
    return figure

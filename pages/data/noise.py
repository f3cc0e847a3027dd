"""The noise of an image of the plan, on request: what the command `noise` prints."""

import streamlit as st

from pages.widgets.words import on_page
from pipelines.data.noise import measure_noise, noise_lines
from pipelines.data.requests import NoiseRequest
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.errors import UserError


def show_noise(image: PlannedImage) -> None:
    """Offer to estimate the noise of a grey first page; no button for masks, colour images, later pages and halves."""
    if image.role == "mask" or image.page or image.half or image.shape[2] > 1:
        return
    if not st.button("Estimate the noise", key=f"noise-{image.source}", icon=":material/grain:"):
        return
    try:
        found = measure_noise(NoiseRequest(file=image.path))
    except UserError as error:
        st.warning(on_page(error.message))
        return
    st.caption("From this image alone; 0 to 1 is its intensity range.")
    st.code("\n".join(noise_lines(found)), language=None)
    for caveat in found.caveats:
        st.warning(caveat)
    st.caption("Settings of a training that makes this noise: " + ", ".join(f"`{one}`" for one in found.assignments))

"""The noise of an image of the plan, on request: what the command `noise` prints."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.widgets.words import on_page
from pipelines.data.noise import measure_noise, noise_lines
from pipelines.data.requests import NoiseRequest
from pipelines.viewing.files import fingerprint
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.errors import UserError

if TYPE_CHECKING:
    from sem_models.physics.noise_estimate.estimate import NoiseEstimate

_ASKED = "noise-asked"
"""The image whose noise somebody wants to know: the answer stays until another image is asked about."""


def show_noise(image: PlannedImage) -> None:
    """Offer to estimate the noise of a grey first page; no button for masks, colour images, later pages and halves."""
    if image.role == "mask" or image.page or image.half or image.shape[2] > 1:
        return
    if st.button("Estimate the noise", key=f"noise-{image.source}", icon=":material/grain:"):
        st.session_state[_ASKED] = image.source
    if st.session_state.get(_ASKED) != image.source:
        return
    try:
        found = _measured(str(image.path), fingerprint(image.path))
    except UserError as error:
        st.warning(on_page(error.message))
        return
    st.caption("From this image alone; 0 to 1 is its intensity range.")
    st.code("\n".join(noise_lines(found)), language=None)
    for caveat in found.caveats:
        st.warning(caveat)
    st.caption("Settings of a training that makes this noise: " + ", ".join(f"`{one}`" for one in found.assignments))


@st.cache_data(show_spinner="Estimating the noise", max_entries=16)
def _measured(file: str, content: str) -> "NoiseEstimate":  # noqa: ARG001 - `content` names what is in the file
    return measure_noise(NoiseRequest(file=Path(file)))

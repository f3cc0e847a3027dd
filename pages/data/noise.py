"""The noise of an image of the plan, on request: what the command `noise` prints."""

from pathlib import Path

import streamlit as st

from pages.people.session import seen_datasets
from pages.widgets.words import as_text, on_page
from pipelines.data.datasets import list_datasets
from pipelines.data.find import dataset_folder
from pipelines.data.noise import MeasuredNoise, measure_noise, noise_lines
from pipelines.data.requests import NoiseRequest
from pipelines.viewing.files import fingerprint
from sem_models.datasets.dataset import MANIFEST
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.errors import UserError

_ASKED = "noise-asked"
"""The image whose noise somebody wants to know: the answer stays until another image is asked about."""


def show_noise(image: PlannedImage, name: str) -> None:
    """Offer to estimate the noise of a grey first page; no button for masks, colour images, later pages and halves.

    Args:
        image: The image.
        name: Of the dataset that is planned; where it was prepared already, the settings are for a training on it.
    """
    if image.role == "mask" or image.page or image.half or image.shape[2] > 1:
        return
    if st.button("Estimate the noise", key=f"noise-{image.source}", icon=":material/grain:"):
        st.session_state[_ASKED] = image.source
    if st.session_state.get(_ASKED) != image.source:
        return
    dataset = None if image.dtype == "uint8" else _ask_dataset(name)
    try:
        measured = _measured(str(image.path), _content(image.path, dataset), dataset)
    except UserError as error:
        st.warning(on_page(error.message))
        return
    _show(measured)


def _ask_dataset(planned: str) -> str | None:
    """Ask for the dataset of the training, in whose limits the settings of 16- and 32-bit images are."""
    known = seen_datasets(list_datasets())
    if not known:
        return None
    index = known.index(planned) if planned in known else None
    return st.selectbox("Dataset", known, index, placeholder="of the training", key="noise-dataset")


def _content(file: Path, dataset: str | None) -> str:
    """Name what is in the file and in the dataset, which may have been prepared anew under the same name."""
    files = (file, *([dataset_folder(dataset) / MANIFEST] if dataset else []))
    return "|".join(map(fingerprint, files))


def _show(measured: MeasuredNoise) -> None:
    st.caption(f"From this image alone; {as_text(str(measured.scale))}.")
    st.code("\n".join(noise_lines(measured.found)), language=None)
    for caveat in measured.found.caveats:
        st.warning(caveat)
    if measured.scale.advice:
        st.caption(on_page(measured.scale.advice))
        return
    st.caption("Settings of a training that makes this noise: " + ", ".join(f"`{one}`" for one in measured.assignments))


@st.cache_data(show_spinner="Estimating the noise", max_entries=16)
def _measured(file: str, content: str, dataset: str | None) -> MeasuredNoise:  # noqa: ARG001 - `content` names what is in the file
    return measure_noise(NoiseRequest(file=Path(file), dataset=dataset))

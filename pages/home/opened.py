"""An opened micrograph: the picture at once, its facts, and what can be done with it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import streamlit as st

from pages.home.facts import caveats, file_rows, pixel_rows
from pages.people.files import results_folder
from pages.people.session import seen, signed_in
from pages.widgets.frame import shown_errors, tell_viewers
from pages.widgets.viewer.component import ShownImage, show_viewer
from pages.widgets.words import as_text, on_page
from pipelines.jobs.tasks import start_task
from pipelines.model_ref import ModelRef, parse_model
from pipelines.predict.offers import Offer, offers, trained_models
from pipelines.predict.requests import PredictRequest
from pipelines.predict.results import new_result_folder
from pipelines.viewing.files import open_image
from pipelines.viewing.inspection import FileFacts, Inspection, content_key, inspect, read_facts
from sem_models.errors import UserError


def show_opened(path: Path) -> None:
    """Show the picture first: what takes longer to measure follows."""
    key = content_key(path)
    facts = _facts(path, key)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        show_viewer([ShownImage(path.name, key, lambda: open_image(path))], [0], "home-viewer")
    with right:
        table, below = st.empty(), st.container()
        table.table(file_rows(facts), border="horizontal", hide_header=True)
        with below, st.spinner("Measuring noise, detail and clipping"):
            found = _inspection(path, key, facts)
        table.table(file_rows(facts) | pixel_rows(facts, found), border="horizontal", hide_header=True)
        if known := caveats(facts, found):
            with below, st.expander("What these numbers rest on"):
                st.markdown("\n".join(f"- {on_page(caveat)}" for caveat in known))
        st.subheader("What you can do with it")
        tell_viewers()
        with shown_errors():
            warning_of = partial(_warning, path, key, found)
            made = offers(found.quality, _trained(), warning_of, facts.pixel_size_nm)
            for place, offer in enumerate(made):
                _show_offer(offer, path, first=place == 0)
            st.page_link("data/page.py", label="Prepare images like it for training", icon=":material/folder_open:")


@st.cache_data(show_spinner="Reading the file", max_entries=32)
def _facts(path: Path, key: str) -> FileFacts:  # noqa: ARG001 - the key names the content
    return read_facts(path)


@st.cache_data(show_spinner=False, max_entries=32)
def _inspection(path: Path, key: str, _facts: FileFacts) -> Inspection:  # noqa: ARG001
    return inspect(path, _facts)


def _warning(path: Path, key: str, found: Inspection, model: ModelRef) -> str:
    """Say how the image is unlike those that a model learned from; of images in true colour nothing is known."""
    return _checked(path, key, str(model), found.databar.rows) if found.quality else ""


@st.cache_data(show_spinner="Comparing the image with what the models learned from", max_entries=128)
def _checked(path: Path, key: str, model: str, bar_rows: int) -> str:  # noqa: ARG001
    from pipelines.predict.input_check import warning_of

    try:
        return warning_of(parse_model(model), path, bar_rows)
    except UserError:
        # The prediction says what is wrong with the model.
        return ""


def _trained() -> Mapping[str, ModelRef]:
    """Find registered models; an empty store has none, and need not be opened for that."""
    from pipelines.tracking.runs import list_runs

    runs = seen(list_runs(kind="training"))
    if not runs:
        return {}
    from pipelines.tracking.versions import list_versions

    return trained_models(seen(list_versions()), runs)


def _show_offer(offer: Offer, path: Path, first: bool) -> None:
    """Offer a button that restores now, and the way to all settings; where there is no model, the way to one."""
    with st.container(border=offer.advised, gap="small"):
        if offer.model is None:
            st.page_link("train/page.py", label=f"{offer.title}: train a model", icon=":material/model_training:")
        else:
            _show_buttons(offer, offer.model, path, first)
        made_by = f" By {offer.made_by}." if offer.made_by else ""
        st.caption(f"{offer.reason}{made_by}".strip())
        if offer.warning:
            st.warning(f"{as_text(offer.warning)}.", icon=":material/warning:")


def _show_buttons(offer: Offer, model: ModelRef, path: Path, first: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        kind: Literal["primary", "secondary"] = "primary" if offer.advised and first else "secondary"
        if st.button(offer.title, type=kind, icon=":material/auto_fix_high:", key=f"offer-{offer.title}"):
            request = PredictRequest(model=model, inputs=(path,), out=new_result_folder(results_folder(), model))
            task = start_task(request, signed_in())
            st.switch_page("inference/page.py", query_params={PredictRequest.use_case: task})
        chosen = {"model": str(model), "file": str(path)}
        st.page_link("inference/page.py", label="With settings", icon=":material/tune:", query_params=chosen)

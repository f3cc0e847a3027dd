"""The plan that a session looks at: made on request, and again by itself when that is quick."""

import time
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.people.session import signed_in
from pages.widgets.words import on_page
from pipelines.data.memory import plan_memory
from pipelines.data.requests import PrepareRequest
from pipelines.jobs.admission import admit
from pipelines.progress import duration
from sem_models.errors import UserError

if TYPE_CHECKING:
    from sem_models.datasets.preparation.plan import Plan

_SLOT = "plan"
_SLOW = frozenset(
    {"raw", "kind", "arrangement", "target", "masks", "extra_inputs", "mask_suffix", "masks_as_images", "databar_rows",
     "registration", "resample_nm"}
)  # fmt: skip
"""Fields on which depends which files are read, where they are cut, or how pairs are registered."""


def current_plan(request: PrepareRequest | None, *, look: bool) -> "Plan | None":
    """Return the plan of a request, or an older one of the same files where a new one has to be asked for.

    Args:
        request: What the widgets ask for now; None while something is missing.
        look: Whether the user asked for a new plan.
    """
    # Always there, so that nothing below it is drawn anew after a plan was made.
    place = st.empty()
    held: Plan | None = st.session_state.get(_SLOT)
    if request is None:
        return None
    if not look and (held is None or _differ(held, request)):
        return held
    if held is not None and held.options == request:
        return held
    made = _plan(request, place)
    if made is None:
        return held
    st.session_state[_SLOT] = made
    if held is None:
        st.rerun()  # so that the form gives way to the images
    return made


def _differ(held: "Plan", request: PrepareRequest) -> bool:
    return any(getattr(held.options, name) != getattr(request, name) for name in _SLOW)


def _plan(request: PrepareRequest, place: DeltaGenerator) -> "Plan | None":
    # Planning registers pairs and looks for equal fields: what that needs takes a second to import.
    from sem_models.datasets.preparation.plan import plan_dataset

    bar = place.progress(0.0, text="Looking for the files")
    started: dict[str, float] = {}

    def tell(done: int, total: int, what: str) -> None:
        since = time.monotonic() - started.setdefault(what, time.monotonic())
        left = f", about {duration(since / done * (total - done))} left" if done and since > 1 else ""
        bar.progress(done / total if total else 1.0, f"{done:,} of {total:,} {what}{left}")

    try:
        admit(request, signed_in())
        made = plan_dataset(request, tell, plan_memory())
    except UserError as error:
        place.error(on_page(error.message), icon=":material/error:")
        return None
    place.empty()
    return made

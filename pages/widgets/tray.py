"""Background work on every page: what runs and how long it still takes, cancel, and the way to what has ended."""

from dataclasses import dataclass

import streamlit as st

from pages.people.redrawn import redrawn
from pages.people.session import signed_in
from pages.widgets.frame import shown_errors
from pages.widgets.words import activity, as_text, cancelling
from pipelines.jobs.queue import TRAINING
from pipelines.jobs.recent import RecentWork, Work, recent_work
from pipelines.jobs.seen import mark_seen
from pipelines.jobs.tasks import cancel_task
from pipelines.progress import duration

_PERIOD_S = 2.0


@dataclass(frozen=True)
class Place:
    """Where a page shows the result of a task: a page, and the parameter of its address that names the task."""

    page: str
    key: str


PLACES = {
    "evaluate": Place("runs", "evaluate"),
    "export": Place("models", "export"),
    "gallery": Place("compare", "gallery"),
    "find-rate": Place("train", "rate"),
    "import": Place("models", "import"),
    "lesson": Place("home", "lesson"),
    "predict": Place("inference", "predict"),
    "prepare": Place("data", "prepare"),
    "probe": Place("train", "probe"),
    "register": Place("runs", "register"),
    "study-create": Place("study", "study"),
    "synthesise": Place("inference", "synthesise"),
}
"""Use cases that pages start in the background."""

_ENDINGS = {
    "done": ("done", ":material/check_circle:"),
    "failed": ("failed", ":material/error:"),
    "cancelled": ("cancelled", ":material/cancel:"),
    "ended": ("ended", ":material/flag:"),
}


def show_tray() -> None:
    """Show the tray in the sidebar; it is drawn again by itself only while something is live."""
    with st.sidebar, shown_errors():
        found = [recent_work(signed_in())]
        live = found[0].is_live
        redrawn(_tray, _PERIOD_S if live else None)(live, found)


def _tray(was_live: bool, found: list[RecentWork]) -> None:
    """Draw what was `found`, and when it is drawn again, what there is by then."""
    work = found.pop() if found else recent_work(signed_in())
    if was_live and not work.is_live:
        st.rerun()
    if work.own or work.of_others:
        st.markdown("**Background work**")
    for one in work.own:
        (_live if one.is_live else _ended)(one)
    for place in work.of_others:
        st.caption(f"A training of somebody else: {as_text(place)}")


def _live(work: Work) -> None:
    if work.state == "waiting":
        st.caption(f"{_name(work)}: waiting, {as_text(work.place)}")
    else:
        left = f", about {duration(work.seconds_left)} left" if work.seconds_left else ""
        place = f"{work.done:,} of {work.total:,} {work.what}{left}" if work.total else "starting"
        st.progress(work.share, text=f"{_name(work)}: {place}")
    # Columns would stand below each other on a narrow screen, where a button seems to belong to what follows.
    with st.container(horizontal=True, vertical_alignment="center"):
        _link(work, "Open")
        if st.button("Cancel", key=f"tray-cancel-{work.work_id}", type="tertiary", help=f"Cancel {_name(work)}"):
            _cancel(work)


def _ended(work: Work) -> None:
    word, icon = _ENDINGS[work.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        _link(work, _name(work), icon, help_text=word.capitalize())
        seen = st.button("", key=f"tray-seen-{work.work_id}", icon=":material/close:", type="tertiary", help="Dismiss")
    if seen:
        mark_seen(work.work_id, signed_in())
        st.rerun(scope="fragment")


def _name(work: Work) -> str:
    """Name what is done; people may have given runs any name."""
    if work.use_case != TRAINING:
        return f"{activity(work.use_case)} {as_text(work.name)}".rstrip()
    return as_text(work.name) or f"Run {work.work_id[:8]}"


def _link(work: Work, label: str, icon: str | None = None, help_text: str | None = None) -> None:
    """Link to where the work is shown; a use case that no page starts has no such place."""
    if work.use_case == TRAINING:
        st.page_link("runs/page.py", label=label, icon=icon, help=help_text, query_params={"run": work.work_id})
        return
    place = PLACES.get(work.use_case)
    if place is None:
        st.caption(label)
        return
    query = {place.key: work.work_id, **({"run": work.model} if place.page == "runs" else {})}
    st.page_link(f"{place.page}/page.py", label=label, icon=icon, help=help_text, query_params=query)


def _cancel(work: Work) -> None:
    if work.use_case != TRAINING:
        cancel_task(work.work_id, signed_in())
        return
    from pipelines.jobs import control

    with shown_errors():
        control.cancel(work.work_id, signed_in())
        st.toast(cancelling(waits=work.state == "waiting"))

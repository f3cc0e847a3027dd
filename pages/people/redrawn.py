"""Parts of a page that are drawn again by themselves, for as long as the person of the session may see them.

Streamlit draws such a part without the page around it, and so without the gate before all pages.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec

import streamlit as st

from pages.people.session import require_seen, signed_in
from pipelines.tracking.runs import get_run
from sem_models.errors import UserError

P = ParamSpec("P")


def redrawn(draw: Callable[P, None], every_s: float | None, run_ids: Sequence[str] = ()) -> Callable[P, None]:
    """Return a function that draws a part of a page now, and again by itself.

    A sign-in that has ended, a lost role, or a run that is no longer shared has the whole page drawn instead, which
    says so.

    Args:
        draw: Draws the part. What it shows of others is in `run_ids`, or is filtered by itself.
        every_s: Seconds until it is drawn again; None leaves this to what is done in it.
        run_ids: Runs that it shows.
    """

    @wraps(draw)
    def again(*args: P.args, **kwargs: P.kwargs) -> None:
        if not _may_be_drawn(run_ids):
            st.rerun()
        draw(*args, **kwargs)

    return st.fragment(again, run_every=every_s)


def _may_be_drawn(run_ids: Sequence[str]) -> bool:
    try:
        if not signed_in().is_local:
            for run_id in run_ids:
                require_seen(get_run(run_id), "This run")
    except UserError:
        return False
    return True

"""What a training will cost, when it will begin, and what is measured before."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.people.redrawn import redrawn
from pages.people.session import seen
from pages.widgets.tasks import launch, watched
from pages.widgets.words import as_text
from pipelines.counts import counted
from pipelines.progress import duration
from pipelines.tracking.runs import RunInfo, list_runs
from pipelines.train.outlook import Turn, last_speed, outlook
from pipelines.train.requests import ProbeRequest

PROBE = "probe"
_PERIOD_S = 5.0
_GB = 2**30


def show_estimate(recipe: str, steps: int, runs: Sequence[RunInfo]) -> None:
    """Estimate the time from the measured speed of the last run of the same recipe in this store."""
    if speed := last_speed(recipe, runs):
        st.caption(f"About {duration(steps / speed)} at the {speed:.1f} steps/s of its last run.")
    else:
        st.caption("No run of this recipe yet: measure ten steps to know how long it takes.")


def offer_probe(request: ProbeRequest, disabled: bool) -> None:
    """Offer to measure ten steps."""
    if st.button("Measure ten steps", icon=":material/timer:", disabled=disabled, help="Nothing is kept of them."):
        launch(PROBE, request)
        st.rerun()


def show_probe(request: ProbeRequest) -> None:
    """Show a measurement that runs or has ended, and whether it is about what is chosen now."""
    state = watched(PROBE)
    if state is None or state.result is None:
        return
    _show_cost(state.result)
    if request.model_validate(state.request) != request:
        asked = state.request
        st.caption(f"Measured with other settings: {asked['recipe'] or asked['branch']} on {asked['dataset']}.")


def _show_cost(cost: dict[str, Any]) -> None:
    beside = "" if cost["alone"] else " Another training ran at the same time; alone it will be faster."
    steps = "; ".join(
        f"{stage['steps']:,} steps of {_seconds(stage['step_s'])}"
        + (f" ({stage['name']})" if len(cost["stages"]) > 1 else "")
        for stage in cost["stages"]
    )
    validations = f"{counted(cost['validations'], 'validation')} of {_seconds(cost['validation_s'])}"
    device = cost["device"].upper()
    sums = f"**About {duration(cost['total_s'])} and {cost['peak_bytes'] / _GB:.1f} GB of memory** on {device}"
    st.success(f"{sums}, for at most {steps}; {validations}.{beside}", icon=":material/timer:")


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def show_queue() -> None:
    """Show what trains and waits before a training that is launched now; it is drawn again while something does."""
    live = bool(outlook(list_runs(kind="training")).turns)
    redrawn(_queue, _PERIOD_S if live else None)()


def _queue() -> None:
    runs = list_runs(kind="training")
    ahead, known = outlook(runs), {run.run_id for run in seen(runs)}
    if ahead.next_position is None:
        st.caption("It becomes a job of SLURM, which decides when it begins." + (" Now train:" if ahead.turns else ""))
    elif not ahead.turns:
        st.caption("Nothing is training: it begins at once.")
    else:
        st.caption(f"It gets place {ahead.next_position} in the queue{_begins(ahead.next_starts_in_s)}. Before it:")
    for turn in ahead.turns:
        if turn.run_id in known:
            st.page_link(
                "runs/page.py", label=f"{as_text(turn.name)}: {_place(turn)}", query_params={"run": turn.run_id}
            )
        else:
            st.caption(f"Somebody else's training: {_place(turn)}")


def _place(turn: Turn) -> str:
    takes = "" if turn.takes_s is None else f", {duration(turn.takes_s)}"
    if not turn.place:
        place = f"step {turn.step:,} of {turn.total:,}" if turn.total else "starting"
        return place + (f"{takes} left" if takes else "")
    return f"{as_text(turn.place)}{_begins(turn.starts_in_s)}" + (f"{takes} long" if takes else "")


def _begins(seconds: float | None) -> str:
    """Say when a training begins; nothing where that cannot be told."""
    if seconds is None:
        return ""
    return f", begins in about {duration(seconds)}" if seconds else ", begins at once"

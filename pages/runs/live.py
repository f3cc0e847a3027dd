"""Curves of a run that may still be going on."""

import streamlit as st

from pages.components.curves import curve_figure
from pipelines.jobs import queue
from pipelines.progress import clock
from pipelines.tracking.runs import get_run, metric_history


def show_curves(run_id: str) -> None:
    """Progress, loss and validation score; drawn again while the run goes on."""
    run = get_run(run_id)
    _progress(run_id)
    losses = {key.removeprefix("train/"): metric_history(run_id, key) for key in _loss_keys(dict(run.metrics))}
    score = metric_history(run_id, "val/psnr_db")
    floor = metric_history(run_id, "val/floor_psnr_db")
    left, right = st.columns(2)
    with left:
        st.markdown("**Training loss** (unit intensity)")
        if losses:
            st.plotly_chart(curve_figure(losses, "loss", log_y=True), key=f"loss-{run_id}")
        else:
            st.caption("No step yet.")
    with right:
        st.markdown("**Validation PSNR** on whole images")
        if score:
            st.plotly_chart(curve_figure({"model": score}, "PSNR (dB)", floor), key=f"psnr-{run_id}")
        else:
            st.caption("No validation yet.")
    if run.status not in ("RUNNING", "SCHEDULED") and st.session_state.pop(f"live-{run_id}", False):
        st.rerun()
    st.session_state[f"live-{run_id}"] = run.status in ("RUNNING", "SCHEDULED")


def _loss_keys(metrics: dict[str, float]) -> list[str]:
    keys = sorted(key for key in metrics if key.startswith("train/"))
    parts = [key for key in keys if not key.endswith("_total")]
    return parts if len(parts) == 1 else keys


def _progress(run_id: str) -> None:
    job = queue.find(run_id)
    if job is None or job.state == "ended" or not job.alive:
        return
    if job.state == "waiting":
        st.info(f"Waiting for a free slot: position {queue.position(run_id)} in the queue.")
    elif job.total:
        left = f"about {clock(job.seconds_left)} left"
        st.progress(min(job.step / job.total, 1.0), text=f"Step {job.step} of {job.total} on {job.slot}, {left}")
    else:
        st.progress(0.0, text=f"Starting on {job.slot}")

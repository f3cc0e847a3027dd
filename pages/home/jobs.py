"""Live trainings and tasks."""

import streamlit as st

from pipelines.jobs.control import JobInfo, active_jobs
from pipelines.jobs.tasks import list_tasks
from pipelines.progress import clock


@st.fragment(run_every=2.0)
def show_jobs() -> None:
    """Trainings that wait or run, and tasks that run."""
    jobs = active_jobs()
    tasks = [task for task in list_tasks() if task.status == "running"]
    if not jobs and not tasks:
        st.caption("Nothing is running or waiting.")
    for job in jobs:
        _training(job)
    for task in tasks:
        share = task.done / task.total if task.total else 0.0
        st.progress(min(share, 1.0), text=f"{task.arguments[0]}: {task.what or 'starting'}")


def _training(job: JobInfo) -> None:
    name = f"Run {job.run_id[:8]}"
    if job.state == "waiting":
        st.write(f"{name} waits, position {job.position} in the queue.")
    else:
        share = job.step / job.total if job.total else 0.0
        left = f"about {clock(job.seconds_left)} left"
        st.progress(min(share, 1.0), text=f"{name} on {job.slot}: step {job.step} of {job.total}, {left}")
    st.page_link("runs/page.py", label=f"Open {name}", query_params={"run": job.run_id})

"""Home: where things are, what is running, and what to do next."""

import shutil

import psutil
import streamlit as st

from pages.people.session import seen, seen_datasets
from pages.widgets.frame import find_the_dead, heading, shown_errors
from pages.widgets.tasks import launch, watched
from pipelines.counts import counted, gain_text
from pipelines.data.datasets import list_datasets
from pipelines.home import home
from pipelines.jobs.slots import slot_names
from pipelines.tracking.address import public_address
from pipelines.tracking.database import has_database
from pipelines.tracking.keys import Tag
from pipelines.tracking.opening import is_opening
from pipelines.train.requests import DemoRequest

DEMO = "demo"
_LOOK_AGAIN_S = 1.0


def show() -> None:
    """Show the page."""
    heading("SEM Workbench", "Prepare micrographs, train models, watch them learn, compare them honestly.")
    with shown_errors():
        _facts()
        left, right = st.columns([3, 2], gap="large")
        with left:
            st.subheader("What to do next")
            if is_opening() and not has_database():
                _wait_for_store()
            else:
                _next_step()
        with right:
            st.subheader("Try it on simulated micrographs")
            _demo()


def _facts() -> None:
    slots = slot_names()
    device = counted(len(slots), "GPU") if slots[0].startswith("gpu") else f"CPU, {psutil.cpu_count()} cores"
    free = shutil.disk_usage(home().root).free / 2**30
    columns = st.columns(4)
    columns[0].metric("Device", device)
    columns[1].metric("Memory free", f"{psutil.virtual_memory().available / 2**30:.1f} GiB")
    columns[2].metric("Disk free", f"{free:.0f} GiB")
    columns[3].metric("Datasets", len(seen_datasets(list_datasets())))
    st.caption(f"Home folder `{home().root}`, tracking store `{public_address()}`")


@st.fragment(run_every=_LOOK_AGAIN_S)
def _wait_for_store() -> None:
    """Wait for the store: on a new server the page appears before the store is open."""
    if not is_opening():
        st.rerun()
    st.caption("Opening the tracking store…")


def _next_step() -> None:
    find_the_dead()
    if not seen_datasets(list_datasets()):
        st.write("Restore a micrograph of your own now, with a model that comes with the workbench.")
        st.page_link("inference/page.py", label="Restore a micrograph", icon=":material/auto_fix_high:")
        st.write("To train models of your own, prepare your micrographs, or run the demo on simulated ones.")
        st.page_link("data/page.py", label="Prepare a dataset", icon=":material/folder_open:")
        return
    from pipelines.tracking.runs import list_runs

    runs = seen(list_runs(kind="training"))
    finished = [run for run in runs if run.status == "FINISHED"]
    scored = [run for run in finished if Tag.evaluated("test") in run.tags]
    if not finished:
        st.write("A dataset is ready. Train a first model on it; the small recipes take minutes on a CPU.")
        st.page_link("train/page.py", label="Train a model", icon=":material/model_training:")
    elif not scored:
        st.write(f"{finished[0].name} has finished. Score it on the test split before you trust it.")
        st.page_link("runs/page.py", label="Score it", icon=":material/show_chart:")
    else:
        st.write(
            f"{counted(len(scored), 'scored run')}: compare with the baselines, or apply a model to new micrographs."
        )
        st.page_link("compare/page.py", label="Compare runs", icon=":material/compare_arrows:")
        st.page_link("inference/page.py", label="Apply a model", icon=":material/auto_fix_high:")


def _demo() -> None:
    st.write(
        "The demo simulates 20 micrographs of powder, fibres, pores and laths, prepares them, trains a small x4 "
        "super-resolution model, scores it and registers it. It takes about two minutes on two cores."
    )
    running = st.query_params.get(DEMO)
    state = watched(DEMO)
    if state and state.result:
        model, bicubic = (f"{state.result[key]:.2f} dB" for key in ("psnr_db", "floor_psnr_db"))
        st.success(f"Test PSNR {model}, bicubic {bicubic}: gain {gain_text(state.result['gain_db'])}.")
        run = {"run": str(state.result["run_id"])}
        st.page_link("runs/page.py", label="Look at the run", icon=":material/show_chart:", query_params=run)
        st.page_link("inference/page.py", label="Apply the model", icon=":material/auto_fix_high:")
    if (not running or state) and st.button("Run the demo", type="primary", icon=":material/play_arrow:"):
        launch(DEMO, DemoRequest())
        st.rerun()


show()

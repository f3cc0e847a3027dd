"""The way to models of one's own: what comes next, and a lesson on simulated micrographs."""

import streamlit as st

from pages.people.session import seen, seen_datasets, signed_in
from pages.widgets.frame import find_the_dead
from pages.widgets.tasks import launch, watched
from pages.widgets.words import as_text
from pipelines.counts import counted, gain_text
from pipelines.data.datasets import list_datasets
from pipelines.jobs.tasks import list_tasks
from pipelines.tracking.database import has_database
from pipelines.tracking.keys import Tag
from pipelines.tracking.opening import is_opening
from pipelines.train.requests import LessonRequest

LESSON = "lesson"


def show_learning() -> None:
    """Show the next step towards a trained model, and the lesson."""
    st.subheader("Models of your own")
    if not is_opening() or has_database():
        _next_step()
    _find_lesson()
    with st.expander("Watch a model learn", expanded=LESSON in st.query_params):
        _lesson()


def _next_step() -> None:
    find_the_dead()
    if not seen_datasets(list_datasets()):
        st.caption("A folder of micrographs of one kind is enough to begin with.")
        st.page_link("data/page.py", label="Prepare a dataset", icon=":material/folder_open:")
        return
    from pipelines.tracking.runs import list_runs

    runs = seen(list_runs(kind="training"))
    finished = [run for run in runs if run.status == "FINISHED"]
    scored = [run for run in finished if Tag.evaluated("test") in run.tags]
    if not finished:
        st.caption("A dataset is ready. Train a first model on it; the small recipes take minutes on a CPU.")
        st.page_link("train/page.py", label="Train a model", icon=":material/model_training:")
    elif not scored:
        st.caption(f"{as_text(finished[0].name)} has finished. Score it on the test split before you trust it.")
        query = {"run": finished[0].run_id}
        st.page_link("runs/page.py", label="Score it", icon=":material/show_chart:", query_params=query)
    else:
        st.caption(f"{counted(len(scored), 'scored run')}, to be compared with each other and with the baselines.")
        st.page_link("compare/page.py", label="Compare runs", icon=":material/compare_arrows:")


def _find_lesson() -> None:
    """Put a lesson of this person that still runs into the address, so that it is not offered again."""
    if LESSON not in st.query_params:
        person = signed_in()
        running = (task for task in list_tasks(person) if task.use_case == LESSON and task.is_live)
        if task := next((task for task in running if person.is_local or task.owner == person.id), None):
            st.query_params[LESSON] = task.task_id


def _lesson() -> None:
    st.caption(
        "The lesson simulates 20 micrographs of powder, fibres, pores and laths, prepares them, trains a small x4 "
        "super-resolution model, scores it and registers it. It takes a few minutes on two cores. What it makes is "
        "for looking at: for your own micrographs, use the models that come with the program."
    )
    running = st.query_params.get(LESSON)
    state = watched(LESSON)
    if state and state.result:
        model, bicubic = (f"{state.result[key]:.2f} dB" for key in ("psnr_db", "floor_psnr_db"))
        st.success(f"Test PSNR {model}, bicubic {bicubic}: gain {gain_text(state.result['gain_db'])}.")
        run = {"run": str(state.result["run_id"])}
        st.page_link("runs/page.py", label="Look at the run", icon=":material/show_chart:", query_params=run)
        chosen = {"model": str(state.result["model"])}
        st.page_link("inference/page.py", label="Apply the model", icon=":material/auto_fix_high:", query_params=chosen)
    if (not running or state) and st.button("Start the lesson", icon=":material/play_arrow:"):
        launch(LESSON, LessonRequest())
        st.rerun()

"""A new study: which models are rated, by which questions, on which images."""

import streamlit as st

from pages.people.session import seen_datasets, signed_in
from pages.widgets.frame import empty
from pages.widgets.models import model_labels
from pages.widgets.tasks import launch, watched
from pages.widgets.words import as_text, on_page
from pipelines.data.datasets import list_datasets
from pipelines.study.definition import FEWEST_CATCH_TRIALS, REALISM, StudyCreateRequest
from sem_models.errors import UserError

TASK = "study"
_QUESTIONS = {"pair": "Which of two pictures is real?", "single": "Is this picture real, and how sure are you?"}


def show_create() -> None:
    """Show the form; making the pictures is a background task."""
    state = watched(TASK)
    if state and state.result:
        st.success(f"Study **{as_text(state.result['name'])}** is ready. Raters choose it under Take part.")
    datasets = seen_datasets(list_datasets())
    if not datasets:
        empty("There is no dataset to take real images from.", "data", "Prepare a dataset")
        return
    request = _form(datasets)
    if not signed_in().is_local:
        st.caption("Everybody who may sign in here can take part, and so sees these parts of the images.")
    if st.button("Make the study", type="primary", disabled=request is None, icon=":material/groups:") and request:
        launch(TASK, request)
        st.rerun()


def _form(datasets: list[str]) -> StudyCreateRequest | None:
    """Read the widgets; None while something is missing or cannot be used, which is then shown."""
    labels = model_labels()
    left, right = st.columns(2, gap="large")
    with left:
        name = st.text_input("Name of the study", key="study-name").strip()
        author = st.text_input("Author", key="author").strip()
        models = st.multiselect("Models", list(labels), format_func=labels.__getitem__, key="models")
        dataset = st.selectbox("Dataset", datasets, key="dataset")
        split = st.selectbox("Split", ("test", "val", "train"), key="split")
    with right:
        questions = st.multiselect(
            "Questions", list(_QUESTIONS), ["pair"], format_func=_QUESTIONS.__getitem__, key="questions"
        )
        trials = st.number_input("Trials", 1, 1000, 40, key="trials", help=_help("trials"))
        catch = st.number_input("Catch trials", 0, 200, FEWEST_CATCH_TRIALS, key="catch", help=_help("catch_trials"))
        crop = st.number_input("Edge of a picture (px)", 16, 1024, 128, 16, key="crop")
        realism = st.multiselect("Grade on single pictures", REALISM, accept_new_options=True, key="realism")
        seed = st.text_input("Seed", key="seed", help=_help("seed")).strip()
    wanted = {"a name": name, "at least one model": models, "at least one question": questions}
    if missing := [what for what, given in wanted.items() if not given]:
        st.caption(f"Still needed: {', '.join(missing)}.")
        return None
    try:
        return StudyCreateRequest(
            name=name,
            author=author,
            models=models,
            dataset=dataset,
            split=split,
            questions=questions,
            trials=trials,
            catch_trials=catch,
            crop_px=crop,
            realism=realism,
            **({"seed": seed} if seed else {}),
        )
    except UserError as error:
        st.error(on_page(error.message))
        return None


def _help(field: str) -> str:
    return StudyCreateRequest.description(field)

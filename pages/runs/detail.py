"""One run: state and controls, live curves, samples by step, scores, registration."""

import streamlit as st

from pages.people.redrawn import redrawn
from pages.people.session import seen_datasets, signed_in
from pages.runs.live import show_curves, show_progress
from pages.runs.notes import edit_notes, show_notes
from pages.runs.samples import show_samples
from pages.widgets.frame import heading, shown_errors
from pages.widgets.scores import show_report
from pages.widgets.sharing import show_run_sharing
from pages.widgets.strength import choose_strength
from pages.widgets.tasks import launch, watched
from pages.widgets.words import as_text, cancelling, state_word
from pipelines.data.datasets import list_datasets
from pipelines.evaluate.requests import DiscriminateRequest, EvaluateRequest
from pipelines.jobs.seen import mark_seen
from pipelines.people.permissions import Action, may
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import RunInfo, get_run
from pipelines.train.requests import InterpolateRequest
from sem_models.config.methods import method_facts
from sem_models.config.recipe import Recipe
from sem_models.config.validation_scores import INPUT_CORRELATION
from sem_models.tasks.table import VALIDATION_SCORES

_LIVE = ("RUNNING", "SCHEDULED")
_STATE_S, _SAMPLES_S = 2.0, 5.0
_UNCHANGED = "baseline:identity"
_SCORES = "Scores"
_TABS = ("Samples by step", _SCORES, "Settings")
_SHOWN_IN_SCORES = ("evaluate", "register", DiscriminateRequest.use_case)
_NAMED = "tasks-named-for-a-run"
_NOT_USED = "—"


def show_run(run: RunInfo) -> None:
    """Show the detail view of a run that the person may see."""
    run_id = run.run_id
    live = run.status in _LIVE
    mixed = Tag.INTERPOLATED_FROM in run.tags
    imported = Tag.IMPORTED_FROM in run.tags
    _head(run, has_recipe=not (mixed or imported))
    redrawn(_state, _STATE_S if live else None, [run_id])(run_id)
    show_notes(run)
    if not live:
        mark_seen(run_id, signed_in())
    if imported:
        _import(run)
    elif mixed:
        _origin(run)
    elif run.status in _LIVE:
        redrawn(show_curves, 1.5, [run_id])(run_id)
    else:
        show_curves(run_id)
    _show_tabs(run, has_samples=not (mixed or imported))


def _head(run: RunInfo, has_recipe: bool) -> None:
    """Show the name and beside it what leads elsewhere, in one line, which leaves the page to curves and samples."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="content"):
            heading(run.name, "")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if has_recipe:
                st.page_link(
                    "train/page.py", label="Branch", icon=":material/fork_right:", query_params={"branch": run.run_id},
                    help="Begin a training with the recipe of this run, and change what you like.",
                )  # fmt: skip
            show_run_sharing(run)
            edit_notes(run)
            if st.button("All runs", icon=":material/arrow_back:"):
                del st.query_params["run"]
                st.rerun()


def _show_tabs(run: RunInfo, has_samples: bool) -> None:
    """Show what is asked for less often than curves; of these only what is open, since each table costs time."""
    key = f"tabs-{run.run_id}"
    _open_where_tasks_are(key)
    *samples, scores, settings = st.tabs(_TABS if has_samples else _TABS[1:], on_change="rerun", key=key)
    for tab in samples:
        if tab.open:
            with tab:
                redrawn(show_samples, _SAMPLES_S if run.status in _LIVE else None, [run.run_id])(run)
    if scores.open:
        with scores, shown_errors():
            _scores(run)
    if settings.open:
        with settings:
            _settings(run)


def _open_where_tasks_are(key: str) -> None:
    """Open the scores once the address names another task that is shown there."""
    named = [st.query_params.get(use_case, "") for use_case in _SHOWN_IN_SCORES]
    if any(named) and st.session_state.get(_NAMED) != named:
        st.session_state[key] = _SCORES
    st.session_state[_NAMED] = named


def _settings(run: RunInfo) -> None:
    params = {key: _NOT_USED if value == str(None) else value for key, value in sorted(run.params.items())}
    st.dataframe([{"setting": key, "value": value} for key, value in params.items()], hide_index=True)
    code, digest = (run.tags.get(key, "unknown") for key in (Tag.COMMIT, Tag.DATASET_DIGEST))
    st.caption(f"Code {code[:20]}, dataset digest {digest[:12]}")


def _origin(run: RunInfo) -> None:
    """Explain a mixture of weights, which was never trained: it has no curves and no samples."""
    share = float(run.params["interpolation.alpha"])
    st.info(
        f"A mixture of the weights at two ends of a training: {1 - share:.0%} pixel losses, {share:.0%} adversarial. "
        "It was not trained further; score it to compare it with that training.",
        icon=":material/tune:",
    )
    if st.button("Open that training", icon=":material/arrow_back:"):
        st.query_params["run"] = run.tags[Tag.INTERPOLATED_FROM]
        st.rerun()


def _import(run: RunInfo) -> None:
    """Say where an imported model comes from; how it was trained is not known here."""
    file, network, parity = (run.tags[key] for key in (Tag.IMPORTED_FROM, Tag.ARCHITECTURE, Tag.PARITY))
    st.info(
        f"{network}, imported from `{file}`. It was not trained here. Its output differs by at most {parity} of the "
        "range from that of the program it comes from.",
        icon=":material/input:",
    )


def _state(run_id: str) -> None:
    """Show what the run does now; drawn again while it is live."""
    from pipelines.jobs import control

    run = get_run(run_id)
    line, button = st.columns([5, 1])
    reason = as_text(run.tags.get(Tag.REASON, ""))
    with line:
        # A failure is what people look for; why a run ended in another way is a remark.
        failed, remark = (reason, "") if run.status == "FAILED" else ("", reason)
        st.markdown(f"**{state_word(run.status).capitalize()}** {failed}".strip())
        st.caption(f"{remark} Run `{run.run_id}` in experiment *{as_text(run.experiment)}*.".strip())
        show_progress(run_id)
    with button, shown_errors():
        if run.status in _LIVE and st.button("Cancel", icon=":material/stop_circle:"):
            control.cancel(run.run_id, signed_in())
            st.toast(cancelling(waits=run.status == "SCHEDULED"))
        if run.status in ("KILLED", "FAILED") and st.button("Resume", icon=":material/resume:"):
            control.resume(run.run_id, signed_in())
            st.rerun()


def _scores(run: RunInfo) -> None:
    from pipelines.evaluate.reports import readable_evaluations

    state = watched("evaluate")
    registered = watched("register")
    found = [readable_evaluations(run_id) for run_id in _places_of_scores(run)]
    reports = [report for one in found for report in one.reports]
    for text in (text for one in found for text in one.damaged):
        st.warning(text)
    for index, report in enumerate(reports):
        show_report(report, f"{run.run_id}-{index}")
    show_discriminations(run)
    if run.status == "FINISHED" or reports or _has_weights(run):
        _controls(run)
        _offer_interpolation(run)
    else:
        st.caption("A run can be scored once it has been validated for the first time.")
    if state and not reports:
        st.rerun()
    if registered and registered.result:
        st.success(f"Registered as `{registered.result['model']}`, version {registered.result['version']}.")


def _places_of_scores(run: RunInfo) -> list[str]:
    """Return the run, and the one in which this person keeps what they found out about it, if it is somebody else's."""
    from pipelines.evaluate.keeper import find_keeper

    person = signed_in()
    keeper = None if may(person, Action.CHANGE, run.ownership) else find_keeper(run.run_id, person)
    return [run.run_id, keeper.run_id] if keeper else [run.run_id]


def _has_weights(run: RunInfo) -> bool:
    """Tell whether a run that did not finish has kept the best weights so far."""
    from pipelines.tracking.artifacts import list_files
    from pipelines.tracking.keys import Artifact

    return run.status in ("KILLED", "FAILED") and bool(list_files(run.run_id, Artifact.BEST))


def _offer_interpolation(run: RunInfo) -> None:
    """Offer a slider between the two ends of a GAN training; nothing is trained for it."""
    if not method_facts(run.params.get("method")).has_two_ends or Tag.INTERPOLATED_FROM in run.tags:
        return
    if float(run.params.get("adversarial.first_share", 0)) == 0 and Tag.INITIAL_RUN not in run.tags:
        return  # without a pixel stage there is no other end
    # In a form, the slider moves without a rerun of the whole page.
    with st.expander("Between faithful and sharp"), shown_errors(), st.form("interpolation", border=False):
        alpha = st.slider("0: pixel losses only, 1: adversarial end", 0.0, 1.0, 0.5, 0.05, key="alpha")
        if st.form_submit_button("Save this mixture as a run", icon=":material/tune:"):
            from pipelines.train.interpolate import interpolate

            request = InterpolateRequest(run_id=run.run_id, alpha=alpha)
            st.query_params["run"] = interpolate(request, signed_in())
            st.rerun()


def _controls(run: RunInfo) -> None:
    left, right = st.columns(2)
    with left:
        _offer_scores(run)
    with right:
        name = st.text_input("Register as", "-".join(_named(run)), key="register_name")
        if st.button("Register as champion", icon=":material/verified:"):
            launch("register", RegisterRequest(run=run.run_id, name=name))
            st.rerun()


def _named(run: RunInfo) -> list[str]:
    """Return recipe and dataset of a run; an imported model has no dataset."""
    return [run.tags[key] for key in (Tag.RECIPE, Tag.DATASET) if key in run.tags]


def _offer_scores(run: RunInfo) -> None:
    dataset = run.tags.get(Tag.DATASET)
    lacks = any(score.metric in run.metrics for score in VALIDATION_SCORES if not score.has_reference)
    if lacks:
        st.caption(
            "Its dataset has no reference to score against. Look at an image on the Inference page, or score it on a "
            "dataset of clean images or of pairs."
        )
    if lacks or not dataset:
        others = [name for name in seen_datasets(list_datasets()) if name != dataset]
        if not others:
            return
        dataset = st.selectbox("Dataset", others, index=None if lacks else 0, key="scored_on")
    strength_px = choose_strength(_recipe(run))
    if st.button("Score on the test split", type="primary", icon=":material/straighten:", disabled=not dataset):
        launch("evaluate", EvaluateRequest(model=run.run_id, dataset=dataset or "", strength_px=strength_px))
        st.rerun()
    st.caption("Use the test split after you have chosen a model, not to choose it.")


def _recipe(run: RunInfo) -> Recipe | None:
    """Read the recipe of a run whose network has a strength; others need not be read."""
    from pipelines.tracking.run_facts import stored_recipe

    return stored_recipe(run.run_id) if "network.strength_px" in run.params else None


def show_discriminations(run: RunInfo) -> None:
    """Show all discriminator tests that the run holds; where an unpaired run has none, offer one."""
    # Imported here: classifiers are networks, and torch takes seconds to load.
    from pages.widgets.discriminations import offer_test, show_tests
    from pipelines.evaluate.reports import stored_discriminations

    reports = [report for place in _places_of_scores(run) for report in stored_discriminations(place)]
    for report in reports:
        st.markdown(f"**Discriminator test on {as_text(report.dataset)}** ({', '.join(report.splits)})")
        show_tests([(report.model, report)])
    if not reports and run.status == "FINISHED" and INPUT_CORRELATION.metric in run.metrics:
        st.caption("Without pairs, outputs can still be compared with real images of the second domain.")
        offer_test([run.run_id, _UNCHANGED], run.tags[Tag.DATASET])

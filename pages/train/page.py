"""Train: say what you have and want, choose a recipe that fits, see what it will cost, launch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.people.session import seen, seen_datasets, signed_in
from pages.train.settings import choose_settings
from pages.widgets.frame import begin, empty, shown_errors
from pages.widgets.tasks import watched
from pages.widgets.words import on_page
from pipelines.counts import counted
from pipelines.data.datasets import list_datasets
from pipelines.tracking.keys import Experiment, Tag
from pipelines.train.requests import FindRateRequest, ProbeRequest, TrainRequest

if TYPE_CHECKING:
    from pipelines.tracking.runs import RunInfo
    from sem_models.config.recipe import Recipe
    from sem_models.datasets.dataset import Dataset
    from sem_models.errors import Message


def show() -> None:
    """Show the page."""
    begin(
        "Train", "Say what you have and what you want. The run continues when this browser is closed.", starts_work=True
    )
    names = seen_datasets(list_datasets())
    if not names:
        _show_measured()
        empty("There is no dataset to train on yet.", "data", "Prepare a dataset")
        return
    with shown_errors():
        _form(names)


def _form(names: list[str]) -> None:
    from pages.train.branch import asked_branch
    from pages.train.patches import show_patches
    from pages.train.recipe import show_refused
    from pages.train.start import choose_start, started
    from sem_models.config.overrides import override
    from sem_models.tasks.fitting import channel_changes, incompatibility

    left, right = st.columns([2, 3], gap="large")
    branch = asked_branch()
    with left:
        recipe, dataset, refused = _choose(names, branch)
    if recipe is None or dataset is None:
        _show_measured()
        show_refused(refused)
        return
    with left:
        channels = channel_changes(recipe, dataset.manifest)
        init = choose_start(override(recipe, channels), dataset.manifest, branch)
        st.caption(_summary(started(override(recipe, channels), init)))
    with right:
        offer = st.container()
        with st.expander("Settings"):
            experiment = st.text_input("Experiment", Experiment.DEFAULT, key="experiment")
            changes = [*channels, *choose_settings(recipe, dataset.manifest.kind)]
        named: dict[str, Any] = {
            **({"branch": branch.run_id} if branch else {"recipe": recipe.name}),
            "dataset": dataset.folder.name,
            "changes": changes,
            "init": init,
        }
        with offer:
            resolved = started(override(recipe, changes), init)
            if changes:
                origin = "run" if branch else "recipe"
                st.caption(f"Changed from the {origin}: " + ", ".join(f"`{text}`" for text in changes))
            problem = incompatibility(resolved, dataset.manifest)
            if problem:
                st.warning(on_page(problem))
            _offer(resolved, named, experiment, bool(problem))
        if not problem:
            show_patches(dataset, resolved)
    show_refused(refused)


def _show_measured() -> None:
    """Show how measurements ended where there is nothing to launch, for example because their dataset was deleted."""
    from pages.train.cost import PROBE
    from pages.train.rate import RATE

    for task in (PROBE, RATE):
        watched(task)


def _choose(
    names: list[str], branch: "RunInfo | None"
) -> "tuple[Recipe | None, Dataset | None, Mapping[str, Message]]":
    """Let the user choose a dataset, and a recipe unless a run brings one; also return why others do not fit."""
    from pages.train.branch import show_branch
    from pages.train.dataset import choose_dataset, choose_material
    from pages.train.recipe import choose_recipe
    from sem_models.tasks.compatibility import adapt

    if branch:
        recipe: Recipe | None = show_branch(branch)
        dataset = choose_dataset(names, branch.tags.get(Tag.DATASET))
        return (adapt(recipe, dataset.manifest) if recipe and dataset else None), dataset, {}
    dataset = choose_dataset(names, st.query_params.get("dataset"))
    if dataset is None:
        return None, None, {}
    recipe, refused = choose_recipe(dataset, choose_material(dataset))
    return (adapt(recipe, dataset.manifest) if recipe else None), dataset, refused


def _offer(recipe: "Recipe", named: dict[str, Any], experiment: str, disabled: bool) -> None:
    """Show cost and queue, and offer to measure and to launch."""
    from pages.train.cost import offer_probe, show_estimate, show_probe, show_queue
    from pages.train.rate import offer_rate, show_rate
    from pipelines.tracking.runs import list_runs
    from pipelines.train.begun_recipe import without_first_stage

    steps = (without_first_stage(recipe) if named["init"] else recipe).train.steps
    show_estimate(recipe.name, steps, seen(list_runs(kind="training")))
    with st.container(horizontal=True):
        launched = st.button("Launch", type="primary", disabled=disabled, icon=":material/rocket_launch:")
        offer_probe(ProbeRequest(**named), disabled)
        offer_rate(FindRateRequest(**named), disabled)
    if launched:
        from pipelines.train.run import train

        run_id = train(TrainRequest(**named, experiment=experiment, queue=True), by=signed_in())
        st.switch_page("runs/page.py", query_params={"run": run_id})
    show_probe(ProbeRequest(**named))
    show_queue()
    show_rate(FindRateRequest(**named), f"lr-{recipe.name}")


def _summary(recipe: "Recipe") -> str:
    from sem_models.config.networks.table import capabilities
    from sem_models.networks.table import parameter_count

    facts = capabilities(recipe.network)
    channels = f"{counted(facts.channels_in, 'channel')} in, {facts.channels_out} out"
    return f"{recipe.summary} {parameter_count(recipe.network):,} parameters, {channels}, scale x{facts.scale}."


show()

"""Train: say what you have and want, choose a recipe that fits, see what it will cost, launch."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.people.session import seen, seen_datasets, signed_in
from pages.train.settings import choose_settings
from pages.widgets.frame import begin, empty, shown_errors
from pages.widgets.words import on_page
from pipelines.counts import counted
from pipelines.data.datasets import list_datasets
from pipelines.progress import clock
from pipelines.tracking.keys import Experiment, Tag
from pipelines.train.requests import TrainRequest
from sem_models.starters.shelf import STARTER, STARTERS, starter_recipe

if TYPE_CHECKING:
    from pipelines.tracking.runs import RunInfo
    from sem_models.config.recipe import Recipe


def show() -> None:
    """Show the page."""
    begin("Train", "Say what you have and what you want. The run continues when this browser is closed.")
    names = seen_datasets(list_datasets())
    if not names:
        empty("There is no dataset to train on yet.", "data", "Prepare a dataset")
        return
    with shown_errors():
        _form(names)


def _form(names: list[str]) -> None:
    from pages.train.dataset import choose_dataset, choose_material
    from pages.train.recipe import choose_recipe
    from pipelines.tracking.runs import list_runs
    from pipelines.train.warm_start import without_first_stage
    from sem_models.config.overrides import override
    from sem_models.tasks.compatibility import adapt
    from sem_models.tasks.fitting import channel_changes, incompatibility

    left, right = st.columns([2, 3], gap="large")
    runs = seen(list_runs(kind="training"))
    with left:
        dataset = choose_dataset(names, st.query_params.get("dataset"))
        recipe = choose_recipe(dataset, choose_material(dataset))
        if recipe is None:
            return
        recipe = adapt(recipe, dataset.manifest)
        channels = channel_changes(recipe, dataset.manifest)
        st.caption(_summary(override(recipe, channels)))
    with right:
        with st.expander("Settings"):
            experiment = st.text_input("Experiment", Experiment.DEFAULT, key="experiment")
            init = _choose_start(recipe.network.kind, runs)
            assignments = [*channels, *choose_settings(recipe, dataset.manifest.kind)]
        if assignments:
            st.caption("Changed from the recipe: " + ", ".join(f"`{text}`" for text in assignments))
        resolved = override(recipe, assignments)
        _estimate(recipe.name, (without_first_stage(resolved) if init else resolved).train.steps, runs)
        problem = incompatibility(resolved, dataset.manifest)
        if problem:
            st.warning(on_page(problem))
        if st.button("Launch", type="primary", disabled=bool(problem), icon=":material/rocket_launch:"):
            from pipelines.train.run import train

            request = TrainRequest(
                recipe=recipe.name,
                dataset=dataset.folder.name,
                changes=assignments,
                experiment=experiment,
                init=init,
                queue=True,
            )
            run_id = train(request, by=signed_in())
            st.switch_page("runs/page.py", query_params={"run": run_id})


def _summary(recipe: "Recipe") -> str:
    from sem_models.config.networks.table import capabilities
    from sem_models.networks.table import parameter_count

    facts = capabilities(recipe.network)
    channels = f"{counted(facts.channels_in, 'channel')} in, {facts.channels_out} out"
    return f"{recipe.summary} {parameter_count(recipe.network):,} parameters, {channels}, scale x{facts.scale}."


def _choose_start(kind: str, runs: "list[RunInfo]") -> str | None:
    """Let the user choose a run or starter model with the same kind of network to start from; None: fresh weights."""
    starters = {
        f"{STARTER}{name}": f"Starter model {name}" for name in STARTERS if starter_recipe(name).network.kind == kind
    }
    names = starters | {
        run.run_id: f"{run.name} ({run.run_id[:8]})"
        for run in runs
        if run.params.get("network.kind") == kind and any(name.startswith("val/") for name in run.metrics)
    }
    chosen = st.selectbox(
        "Start from", ["", *names], format_func=lambda key: names.get(key, "Nothing (fresh weights)"), key="init",
        help=TrainRequest.description("init"),
    )  # fmt: skip
    return chosen or None


def _estimate(recipe: str, steps: int, runs: "list[RunInfo]") -> None:
    """Estimate the time from the measured speed of the last run of the same recipe in this store."""
    speeds = [
        run.metrics["speed/steps_per_s"]
        for run in runs
        if run.tags.get(Tag.RECIPE) == recipe and run.metrics.get("speed/steps_per_s")
    ]
    if speeds:
        st.caption(
            f"About {clock(steps / speeds[0])} (h:mm:ss or m:ss) at the {speeds[0]:.1f} steps/s of its last run."
        )
    else:
        st.caption("No run of this recipe yet: the duration will be known after its first steps.")


show()

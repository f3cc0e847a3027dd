"""Compare: evaluated runs side by side, by what their outputs look like and by their scores, with their baselines."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.compare.choice import GALLERY, choose_metric, choose_runs
from pages.compare.costs import show_costs
from pages.compare.images import show_images
from pages.compare.means import show_means
from pages.compare.paired import offer_files, pair, show_pairs
from pages.people.session import seen, signed_in
from pages.widgets.discriminations import offer_test, show_tests
from pages.widgets.families import choose_scores
from pages.widgets.frame import begin, empty, shown_errors
from pages.widgets.scores import rows_table, show_gains
from pages.widgets.tasks import watched
from pages.widgets.words import as_note, as_text, on_page
from pipelines.evaluate.candidates import candidates
from pipelines.evaluate.compare import Comparison, compare
from pipelines.evaluate.discriminate_table import discriminations_of
from pipelines.evaluate.keeper import keepers_of
from pipelines.evaluate.over_seeds import SEEDS_CAPTION, compare_methods, seed_rows
from pipelines.evaluate.requests import CompareRequest
from pipelines.evaluate.verdict import verdict
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import list_runs
from sem_models.tasks.table import invents_detail

STATISTICS, EVERY_IMAGE = "statistics-fold", "images-fold"
"""Keys of what is drawn once somebody unfolds it: most people look at the images and the verdict alone."""


def show() -> None:
    """Show the page."""
    begin("Compare", "Models and baselines on one test set: the images, what they are worth, and what they cost.")
    with shown_errors():
        runs = seen(list_runs())
        trainings = [run for run in runs if run.is_training]
        offered = candidates(trainings, keepers_of(signed_in(), runs))
        if not offered:
            watched(GALLERY)
            empty("No run has been scored on a test split yet.", "runs", "Open a run and score it")
            return
        chosen = choose_runs(offered)
        if chosen.run_ids:
            _show(compare(CompareRequest(run_ids=chosen.run_ids), signed_in()))


def _show(comparison: Comparison) -> None:
    if comparison.warnings:
        st.warning("\n".join(f"- {on_page(text)}" for text in comparison.warnings))
    metric = choose_metric(comparison)
    st.markdown(as_note(verdict(comparison, metric)))
    image = show_images(comparison, metric)
    st.subheader("Mean scores")
    metrics = choose_scores(comparison.metrics, "scores")
    show_means(comparison, metric, metrics)
    show_costs(comparison, metric)
    paired = pair(comparison, metric)
    title = "Statistics: differences, intervals, effect sizes, ranks"
    statistics = st.expander(title, on_change="rerun", key=STATISTICS)
    if statistics.open:
        with statistics:
            _show_seeds(comparison, metrics)
            show_pairs(comparison, paired, metrics)
            _show_gains(comparison, metrics)
    show_discriminations(comparison)
    _show_notes(comparison)
    rows = st.expander("Every image", on_change="rerun", key=EVERY_IMAGE)
    if rows.open:
        with rows:
            _show_rows(comparison)
    offer_files(comparison, paired, metrics, image)


def _show_rows(comparison: Comparison) -> None:
    for column in comparison.columns:
        st.markdown(f"**{as_text(column.label)}**")
        st.dataframe(rows_table(column.report), hide_index=True)


def _show_notes(comparison: Comparison) -> None:
    notes = dict.fromkeys(note for column in comparison.columns for note in column.report.notes)
    if notes:
        with st.expander(f"Notes of the evaluations ({len(notes)})"):
            st.markdown("\n".join(f"- {on_page(note)}" for note in notes))


def _show_seeds(comparison: Comparison, metrics: Sequence[str]) -> None:
    """Show the section that decides between methods, where some were trained with several seeds."""
    differences = compare_methods(comparison, metrics)
    if differences:
        st.subheader("Method against method, over seeds")
        st.dataframe(pd.DataFrame(seed_rows(differences)), hide_index=True)
        st.caption(SEEDS_CAPTION)


def _show_gains(comparison: Comparison, metrics: Sequence[str]) -> None:
    baselines = list(comparison.baselines)
    if not baselines:
        return
    baseline = baselines[0]
    if len(baselines) > 1:
        baseline = st.selectbox(
            "Baseline", baselines, format_func=lambda name: name.removeprefix("baseline:"), key="baseline"
        )
    st.markdown(f"**Difference from the {baseline.removeprefix('baseline:')} baseline, image by image**")
    show_gains([(column.label, column.report) for column in comparison.columns], [baseline], metrics)


def show_discriminations(comparison: Comparison) -> None:
    """Show the discriminator tests; where there are none, offer one for models that invent detail."""
    found = discriminations_of(comparison)
    if not found.reports:
        _offer(comparison)
        return
    st.subheader("Discriminator test")
    show_tests(found.reports, found.warnings)


def _offer(comparison: Comparison) -> None:
    inventing = [c.model for c in comparison.columns if invents_detail(c.run.tags.get(Tag.TASK))]
    if inventing:
        st.subheader("Discriminator test")
        offer_test(inventing, comparison.columns[0].report.dataset)


show()

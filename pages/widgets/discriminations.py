"""Discriminator tests: started in the background, and as tables with what to know before believing them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.widgets.tasks import launch, watched
from pages.widgets.words import on_page
from pipelines.evaluate.discriminate_table import CAPTION, TEXTURE_CAPTION, rows, texture_rows
from pipelines.evaluate.requests import DiscriminateRequest
from pipelines.model_ref import parse_model
from sem_models.evaluation.discriminator.report import DiscriminatorReport


def show_tests(reports: Sequence[tuple[str, DiscriminatorReport]], warnings: Sequence[str] = ()) -> None:
    """Show tests of one setting, each under its label: those of several models stand side by side."""
    table = pd.DataFrame(rows(reports))
    # Equal for all tests of one setting, and a column of it would push the scores out of sight.
    tested_on = ". ".join(dict.fromkeys(table.pop("tested on")))
    st.dataframe(table, hide_index=True)
    st.caption(f"Tested on {tested_on}. {CAPTION}")
    if textures := texture_rows(reports):
        st.dataframe(pd.DataFrame(textures), hide_index=True)
        st.caption(TEXTURE_CAPTION)
    for text in dict.fromkeys((*warnings, *(note for _, report in reports for note in report.notes))):
        st.warning(on_page(text))


def offer_test(models: Sequence[str], dataset: str) -> None:
    """Let the user test models, which gives all of them the same classifiers; say what it costs."""
    ended = watched(DiscriminateRequest.use_case)
    st.caption(
        "Fresh classifiers are trained to tell the outputs from real images of held-out groups. This takes minutes to "
        "hours, in the background."
    )
    if st.button("Run the discriminator test", icon=":material/experiment:", key="discriminate-start"):
        request = DiscriminateRequest(models=tuple(map(parse_model, models)), dataset=dataset)
        launch(DiscriminateRequest.use_case, request)
        st.rerun()
    if ended:
        st.caption("The test has ended, but none of these runs holds its result.")

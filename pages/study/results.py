"""Results of a study: fool rates with intervals, how careful raters were, and how far they agree."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.charts.palette import BASELINE, COLOURS
from pages.people.session import require_seen, signed_in
from pages.study.take_part import is_taking_part
from pages.widgets.sharing import show_run_sharing
from pages.widgets.words import as_text, in_chart, on_page
from pipelines.study.definition import StudyDefinition
from pipelines.study.opened import has_opened_key, open_key
from pipelines.study.order import rater_of
from pipelines.study.results import StudyResults, study_results
from pipelines.study.studies import Study, open_study
from pipelines.study.tables import CAPTION, answer_rows, as_csv, fool_rows, kappa_rows, rater_rows, realism_rows
from pipelines.tracking.runs import get_run

_SHARED = "Everybody who may sign in sees these results; they may rate in any case. Only you and admins change this."
_HEADINGS = {"n": "answers", "lo": "95 % interval from", "hi": "to"}
_COLOURS = dict(zip(("pair", "single"), COLOURS, strict=False))


def show_results(run_id: str) -> None:
    """Show the results on request, and not to a rater who has not finished: an opened key cannot be forgotten."""
    run = get_run(run_id)
    require_seen(run, "The result of this study")
    show_run_sharing(run, _SHARED)
    if is_taking_part(run_id):
        st.info("You are taking part: results open when you have answered all trials.")
        return
    study = open_study(run_id)
    if not _is_key_open(study):
        return
    results = study_results(study)
    _describe(study.definition)
    if not results.checked_answers:
        st.info("Nobody has answered yet.")
        return
    st.plotly_chart(fool_figure(results), key="fool-rates")
    st.caption(f"{CAPTION} Dashed line: guessing.")
    for note in results.notes:
        st.warning(on_page(note))
    _tables(results)


def _is_key_open(study: Study) -> bool:
    """Offer to open the key; of people who sign in, it is kept, and they are not asked again."""
    person = signed_in()
    if not person.is_local and has_opened_key(study, rater_of(person)):
        return True
    opened = st.toggle("Open the key: I will not rate in this study from now on", key=f"open-{study.run_id}")
    if opened and not person.is_local:
        open_key(study, person)
    return opened


def _describe(definition: StudyDefinition) -> None:
    st.caption(
        f"{definition.trials} trials and {definition.catch_trials} catch trials of {definition.crop_px} px on the "
        f"{definition.split} split of {definition.dataset} (digest {definition.digest[:12]}), made "
        f"{definition.created:%Y-%m-%d} by {as_text(definition.author) or 'an unnamed author'}."
    )


def _tables(results: StudyResults) -> None:
    tables = {
        "Fool rates": fool_rows(results),
        "Raters": rater_rows(results),
        "Agreement": kappa_rows(results),
        "Realism": realism_rows(results),
    }
    for title, rows in tables.items():
        if rows:
            st.markdown(f"**{title}**")
            st.dataframe(pd.DataFrame(rows).rename(columns=_HEADINGS), hide_index=True)
    rows = answer_rows(results)
    name = f"study-{results.study.run_id[:8]}.csv"
    st.download_button("Answers as CSV", as_csv(rows), name, "text/csv", icon=":material/download:")
    with st.expander("Every answer"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def fool_figure(results: StudyResults) -> go.Figure:
    """Draw a point with its interval for each model and rater; at 50 % raters cannot tell."""
    figure = go.Figure()
    for question in results.study.definition.questions:
        rates = [rate for rate in results.fool_rates if rate.question == question and rate.wrong.n]
        values = [100 * rate.wrong.rate for rate in rates]
        figure.add_scatter(
            x=values, y=[in_chart(f"{rate.model}, {rate.rater or 'all raters'}") for rate in rates], mode="markers",
            name=question, marker={"size": 10, "color": _COLOURS[question]},
            error_x={"type": "data", "symmetric": False,
                     "array": [100 * rate.wrong.hi - value for rate, value in zip(rates, values, strict=True)],
                     "arrayminus": [value - 100 * rate.wrong.lo for rate, value in zip(rates, values, strict=True)]},
        )  # fmt: skip
    figure.add_vline(x=50, line={"color": BASELINE, "dash": "dash"})
    lanes = len(results.study.definition.labels) * (len(results.raters) + 1)
    figure.update_layout(
        height=130 + 40 * lanes, margin={"l": 10, "r": 10, "t": 30, "b": 60},
        xaxis={"title": "Fool rate (%)", "range": [-2, 102]},
        yaxis={"autorange": "reversed", "automargin": True}, legend={"orientation": "h", "y": 1.15},
    )  # fmt: skip
    return figure

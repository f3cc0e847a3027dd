"""One version of a registered model: its card, the moves of its aliases, and ways to hand it on."""

import pandas as pd
import streamlit as st

from pages.models.export import show_export
from pages.people.session import signed_in
from pages.widgets.frame import shown_errors
from pages.widgets.words import as_text
from pipelines.release.cards import ModelCard
from pipelines.release.kept_scores import kept_scores
from pipelines.release.licence import state_licence
from pipelines.release.promote import promote
from pipelines.release.requests import PromoteRequest
from pipelines.tracking.promotions import Promotion, promotions

_USUAL_ALIAS = "champion"
_SHOWN_SCORES = 2
"""Of a promotion; all scores of a version stand above."""


def show_model(card: ModelCard) -> None:
    """Show the version."""
    aliases = " ".join(f":green-badge[@{alias}]" for alias in card.aliases)
    st.subheader(f"{as_text(card.ref.name)}, version {card.ref.version}")
    if aliases:
        st.markdown(aliases)
    facts, scores = st.columns([2, 3], gap="large")
    with facts:
        _facts(card)
    with scores:
        _scores(card)
    with st.container(horizontal=True):
        if card.run_id:
            origin = "Its import" if card.imported_from else "Its training"
            st.page_link("runs/page.py", label=origin, icon=":material/show_chart:",
                         query_params={"run": card.run_id})  # fmt: skip
        st.page_link("inference/page.py", label="Apply it", icon=":material/auto_fix_high:",
                     query_params={"model": str(card.ref)})  # fmt: skip
    _promotion(card)
    show_export(card)


def _facts(card: ModelCard) -> None:
    st.markdown("**Card**")
    known = {
        "Task": card.task,
        "Recipe": "" if card.imported_from else card.recipe,
        "Imported from": card.imported_from,
        "Architecture": card.architecture,
        "Trained on": card.dataset,
        "Direction": card.direction,
        "Parameters": f"{card.parameters:,}" if card.parameters else "",
        "Weights": f"{card.size_bytes / 2**20:.1f} MiB" if card.size_bytes else "",
        "Speed": f"{card.s_per_mp:.3g} s per megapixel" if card.s_per_mp is not None else "",
        "Measured on": card.device,
        "Licence": card.licence or "not stated",
    }
    st.dataframe([{"fact": name, "value": value} for name, value in known.items() if value], hide_index=True)
    with st.popover("State the licence", icon=":material/gavel:"), shown_errors():
        licence = st.text_input("Licence", card.licence, placeholder="CC BY 4.0", key=f"licence-{card.ref}")
        st.caption("Of the weights: it depends on the licences of the images that the model learned from.")
        if st.button("Save", key=f"save-licence-{card.ref}"):
            state_licence(card.ref, licence, signed_in())
            st.rerun()


def _scores(card: ModelCard) -> None:
    st.markdown("**Scores when it was registered**")
    if not card.scores:
        st.caption("It had not been scored on a test split.")
        return
    rows = [
        {"score": one.name, "mean": one.model, "best baseline": one.baseline or "not recorded"} for one in card.scores
    ]
    st.dataframe(rows, hide_index=True, height=260)


def _first_scores(move: Promotion) -> str:
    return "; ".join(f"{one.name} {one.beside_baseline}" for one in kept_scores(move.scores)[:_SHOWN_SCORES])


def _promotion(card: ModelCard) -> None:
    """Show who moved which alias, and let the user point one to this version."""
    st.markdown("**Promotions**")
    with shown_errors():
        found = promotions(card.ref.name)
        if found:
            st.dataframe(
                pd.DataFrame(
                    {
                        "when (UTC)": one.when.replace(tzinfo=None),
                        "alias": one.alias,
                        "version": one.version,
                        "before": one.before or "",
                        "by": one.who,
                        "on the scores": _first_scores(one),
                    }
                    for one in found
                ),
                hide_index=True,
            )  # fmt: skip
        else:
            st.caption("No move of an alias is recorded; earlier versions of the program kept no record.")
        left, right = st.columns([1, 3], vertical_alignment="bottom")
        alias = left.text_input("Alias", _USUAL_ALIAS, key=f"alias-{card.ref}")
        if right.button("Point the alias to this version", icon=":material/verified:", disabled=alias in card.aliases):
            promote(PromoteRequest(model=card.ref, alias=alias), signed_in())
            st.rerun()

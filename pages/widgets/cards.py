"""The card of a starter model: what it is for, what it reached and what it is not for."""

import streamlit as st

from sem_models.starters.card import Card, CardScore
from sem_models.starters.shelf import starter_folder


def show_card(card: Card) -> None:
    """Show the sentence of limits, and the rest of the card on request."""
    st.caption(card.limits)
    with st.expander(f"Card of `starter:{card.name}`, version {card.version}"):
        st.markdown(f"**For** {card.suits}")
        st.dataframe([_row(score) for score in card.scores], hide_index=True)
        st.caption("Gains over the best method without training, with 95 % intervals over specimens it never saw.")
        st.markdown("**Not for** " + "; ".join(card.does_not) + ".")
        st.markdown(f"**On other images** {card.harm} {card.check}")
        if card.doubt:
            st.markdown(f"**Standard deviation** {card.doubt}")
        _show_pictures(card)
        learned = "; ".join(f"{own.name} ({own.licence}, {own.specimens} specimens)" for own in card.learned_from)
        st.caption(f"Learned from {learned}; and {card.simulations} Licence of the model: {card.licence}.")


def _show_pictures(card: Card) -> None:
    folder = starter_folder(card.name)
    for picture, column in zip(card.pictures, st.columns(max(1, len(card.pictures))), strict=False):
        column.image(str(folder / picture.file), caption=picture.caption, alt=picture.caption, width="stretch")


def _row(score: CardScore) -> dict[str, str]:
    return {
        "input": score.inputs,
        "PSNR (dB)": f"{score.psnr_db:.2f}",
        "gain (dB)": f"{score.gain_db:+.2f} [{score.lo_db:+.2f}, {score.hi_db:+.2f}] over {score.baseline}",
        "specimens": str(score.specimens),
    }

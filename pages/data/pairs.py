"""With what result pairs were registered: a table, both images as an overlay, and the residual shifts."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from pages.widgets.words import on_page
from pipelines.data.pair_table import HEADINGS, pair_row
from sem_models.datasets.preparation.aligned_pairs import AlignedPair
from sem_models.datasets.preparation.pair_pixels import registered_pixels
from sem_models.datasets.registration.alignment import Alignment, align
from sem_models.datasets.registration.residual import BlockShifts
from sem_models.images.display import composite, with_arrows
from sem_models.images.micrograph import Pixels
from sem_models.images.resample import resample

_ARROW_SCALE = 10
Picture = NDArray[np.uint8]


def show_pairs(pairs: tuple[AlignedPair, ...]) -> None:
    """Show all pairs of a plan; nothing where there are none."""
    if not pairs:
        return
    st.subheader("Registration of the pairs")
    table = pd.DataFrame([pair_row(pair) for pair in pairs]).rename(columns=dict(HEADINGS))
    st.dataframe(table, hide_index=True)
    st.caption(
        "Residuals: median and 95th percentile over blocks of the field, measured by block matching however the "
        "pairs were aligned. Blocks without structure, or that match in several places, are left out."
    )
    rejected = [pair.rejected for pair in pairs if pair.rejected]
    if rejected:
        st.warning("\n\n".join([f"{len(rejected)} of {len(pairs)} pairs are rejected:", *map(on_page, rejected)]))
    names = [pair.input.source for pair in pairs]
    chosen = st.selectbox("Pair", range(len(names)), format_func=names.__getitem__, key="pair")
    _show_pair(pairs[chosen])


def _show_pair(pair: AlignedPair) -> None:
    found = pair.alignment
    if found is None:
        st.caption("No overlay: the sizes of the images do not fit, or they show no common field.")
        return
    left, right = st.columns(2, gap="large")
    images = [(part.content, part.databar.rows) for one in (pair.input, pair.target) for part in one.parts or (one,)]
    recorded, aligned = _overlays(repr((images, pair.resample_nm, found)), pair, found)
    left.image(recorded, caption="As recorded", alt="As recorded", width="stretch")
    if aligned is not None:
        right.image(aligned, caption="Aligned", alt="Aligned", width="stretch")
    st.caption(
        "Input in magenta, target in green (inverted where the contrasts are opposite), grey where they agree. "
        f"Arrows: the residual shift of each measured block, drawn {_ARROW_SCALE} times as long."
    )


@st.cache_data(max_entries=24, show_spinner="Drawing the overlay")
def _overlays(key: str, _pair: AlignedPair, _found: Alignment) -> tuple[Picture, Picture | None]:  # noqa: ARG001
    """Draw a pair as recorded and aligned; `key` names both, so that the files are read once."""
    source, target = registered_pixels(_pair.input, _pair.target, _pair.resample_nm)
    recorded = _overlay(source, target, _found.scale, _found.before)
    if _found.register == "none":
        return recorded, None
    moved, still = align(source, target, _found)
    return recorded, _overlay(moved, still, _found.scale, _found.after)


def _overlay(source: Pixels, target: Pixels, scale: int, blocks: BlockShifts) -> Picture:
    picture = composite(resample(source, scale).mean(axis=2), target.mean(axis=2))
    return with_arrows(
        picture, [(s.row, s.column, _ARROW_SCALE * s.down, _ARROW_SCALE * s.right) for s in blocks.shifts]
    )

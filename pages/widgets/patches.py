"""Training patches on a page: what the network gets, above what it shall return."""

from typing import Final

import streamlit as st

from pipelines.data.patches import Picture

TITLE: Final = "Patches as the network will see them"
COUNT: Final = 6
EDGE_PX: Final = 192


def show_montage(picture: Picture, origin: str) -> None:
    """Show a montage of patches, and say which images they are drawn from."""
    caption = "Above: what the network gets. Below: what it shall return."
    st.image(picture, caption=caption, alt=caption, width="stretch")
    st.caption(
        f"Drawn by the training itself from {origin}. Both rows are shown with one window: black is 0 and white is 1 "
        "of the intensity limits."
    )

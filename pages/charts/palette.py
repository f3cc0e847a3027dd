"""The colours of charts, which stand out from both backgrounds; `.streamlit/config.toml` states them as well."""

from typing import Final

COLOURS: Final = (
    "#2f7fb8", "#cf5f27", "#2f8f60", "#8d69b8", "#9c7a22", "#23899a", "#c2588f", "#6f8129", "#9a6848", "#76828c",
)  # fmt: skip
"""For things of equal standing, in this order."""
BASELINE: Final = COLOURS[-1]
"""For what everything else is compared with, and for reference lines."""
SEQUENTIAL: Final = "Viridis"
"""Colour map of quantities, perceptually uniform (Smith and van der Walt, 2015)."""

"""The forward model as widgets: what is done to a sharp micrograph to make the input of a network."""

from typing import Any

import streamlit as st

from sem_models.config.degradation import BLUR_KERNELS, DOWNSAMPLINGS, Blur, Scan
from sem_models.config.recipe import Recipe

Choices = dict[str, tuple[Any, Any]]
"""By the key of a setting: the chosen value and the recipe's."""
_SCAN = {
    "jitter_px": "Line jitter (px)",
    "drift_px": "Drift (px over the frame)",
    "banding": "Banding (of the range)",
    "streaks": "Streaks along lines (of the range)",
    "charging": "Charging (of the range)",
}


def choose_forward(recipe: Recipe) -> Choices:
    """Ask for down-sampling, where the network enlarges, and for noise."""
    forward, key = recipe.degradation, recipe.name
    st.markdown("**Forward model**")
    chosen: Choices = {}
    if forward.scale > 1:
        kinds = list(DOWNSAMPLINGS)
        kind = st.selectbox("Down-sampling", kinds, kinds.index(forward.downsampling), key=f"down-{key}")
        chosen["degradation.downsampling"] = kind, forward.downsampling
    chosen["degradation.dose_e_per_px"] = _dose(forward.dose_e_per_px, key)
    noise = st.number_input("Read noise (of the range)", 0.0, 1.0, forward.read_noise, format="%.3f", key=f"read-{key}")
    chosen["degradation.read_noise"] = noise, forward.read_noise
    return chosen


def choose_distortion(recipe: Recipe) -> Choices:
    """Ask for blur and scan distortion; collapsed where the recipe has neither."""
    forward, key = recipe.degradation, recipe.name
    with st.expander("Blur and scan distortion", expanded=forward.blur is not None or forward.scan is not None):
        left, right = st.columns([1, 2], gap="large")
        with left:
            blur = _blur(forward.blur, key)
        with right:
            return blur | _scan(forward.scan, key)


def _blur(recipes: Blur | None, key: str) -> Choices:
    names = ["none", *BLUR_KERNELS]
    kernel = st.selectbox("Blur", names, names.index(recipes.kernel) if recipes else 0, key=f"blur-{key}")
    if kernel == "none":
        return {"degradation.blur": (None, None if recipes is None else "blur")}
    start = recipes or Blur()
    low = st.number_input("Smallest size (px)", 0.0, 32.0, start.size_px[0], 0.5, key=f"blur-low-{key}")
    high = st.number_input("Largest size (px)", 0.0, 32.0, start.size_px[1], 0.5, key=f"blur-high-{key}")
    regions = ["whole", "partial"]
    region = st.radio("Where", regions, regions.index(start.region), horizontal=True, key=f"blur-where-{key}")
    st.caption("Sigma, or the radius of a disc. With equal sizes the blur is known. Partial: some regions stay sharp.")
    return {
        "degradation.blur.kernel": (kernel, recipes and recipes.kernel),
        "degradation.blur.size_px": (f"{low},{high}", recipes and "{},{}".format(*recipes.size_px)),
        "degradation.blur.region": (region, recipes and recipes.region),
    }


def _scan(recipes: Scan | None, key: str) -> Choices:
    start = recipes or Scan()
    chosen: Choices = {}
    columns = st.columns(2)
    for index, (name, label) in enumerate(_SCAN.items()):
        before: float = getattr(start, name)
        value = columns[index % 2].number_input(label, 0.0, 100.0, before, 0.01, format="%.3f", key=f"{name}-{key}")
        chosen[f"degradation.scan.{name}"] = value, before
    return chosen


def _dose(recipes: float | tuple[float, float] | None, key: str) -> tuple[Any, Any]:
    """Ask for the dose: one number, or the two ends of a range where the recipe draws from one; also return its own."""
    if isinstance(recipes, tuple):
        low = st.number_input("Lowest dose (e/px)", 0.01, 1e6, recipes[0], key=f"dose-{key}")
        high = st.number_input("Highest dose (e/px)", 0.01, 1e6, recipes[1], key=f"dose-high-{key}")
        return f"{low},{high}", f"{recipes[0]},{recipes[1]}"
    dose = st.number_input("Dose (e/px, 0: no shot noise)", 0.0, 1e6, recipes or 0.0, key=f"dose-{key}")
    return dose or None, recipes

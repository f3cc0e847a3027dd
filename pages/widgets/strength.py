"""The strength of a refocusing model that is told the width of the blur: chosen, or measured with a second frame."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.widgets.source import choose_source
from pages.widgets.words import LABELS
from pipelines.predict.requests import PredictRequest
from sem_models.config.networks.table import capabilities

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe


@dataclass(frozen=True)
class ChosenBlur:
    """What a prediction is told about the blur, by the fields of its request; all None: the default of the model."""

    strength_px: float | None = None
    second_frame: Path | None = None
    focus_step_px: float | None = None
    ready: bool = True
    """False while the second frame is missing."""


def choose_strength(recipe: "Recipe | None") -> float | None:
    """Ask for the blur to undo, sigma in px, if the model can be told; else None."""
    strength = capabilities(recipe.network).strength if recipe else None
    if recipe is None or strength is None:
        return None
    chosen = st.slider(
        LABELS["strength_px"],
        *(0.0, strength.largest_px, strength.default_px, 0.1),
        help=PredictRequest.description("strength_px"),
        key=f"strength-{recipe.name}",
    )
    return float(chosen)


def choose_blur(recipe: "Recipe | None") -> ChosenBlur:
    """Ask for the blur to undo, or for the frame with which to measure it, if the model can be told."""
    if recipe is None or capabilities(recipe.network).strength is None:
        return ChosenBlur()
    label = "Measure the blur with a second frame"
    if not st.checkbox(label, help=PredictRequest.description("second_frame"), key=f"measure-{recipe.name}"):
        return ChosenBlur(strength_px=choose_strength(recipe))
    path = choose_source(LABELS["second_frame"], "second-frame", "second-frame")
    step = st.number_input(
        LABELS["focus_step_px"],
        *(0.0, None, None),
        help=PredictRequest.description("focus_step_px"),
        key="focus-step",
    )
    return ChosenBlur(second_frame=path, focus_step_px=step or None, ready=path is not None)

"""Drawing with a diffusion model: what to draw, and how."""

import time
from typing import Any

import streamlit as st

from pages.inference.drawn_results import TASK
from pages.people.files import results_folder
from pages.widgets.sampling import step_choices
from pages.widgets.source import choose_source
from pages.widgets.tasks import launch
from pipelines.model_ref import ModelRef
from pipelines.predict.requests import SynthesiseRequest
from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.recipe import Recipe
from sem_models.tasks.synthesis import SYNTHESIS
from sem_models.tasks.table import find_task

_SIZES = (64, 128, 256, 512)
_STEPS = (
    "The time grows with steps, images and pixels. Fewer than 20 steps lose fine texture; more than 25 change little."
)
_GUIDANCE = "1: as learned. Larger values exaggerate the mask and reduce variety; 0 ignores the mask."


def is_drawing(recipe: Recipe | None) -> bool:
    """Tell whether a model draws micrographs by diffusion, unconditionally or from label maps."""
    return recipe is not None and find_task(recipe) is SYNTHESIS and SYNTHESIS.is_drawn(recipe)


def draw(model: ModelRef, recipe: Recipe) -> None:
    """Show the settings and the button."""
    after_masks = find_task(recipe).uses_masks(recipe)
    what = _after_masks() if after_masks else _free()
    left, middle, right = st.columns(3)
    settings = recipe.diffusion or DiffusionSettings()
    offered, own = step_choices(settings)
    steps = left.select_slider("Denoising steps", offered, value=offered[own], key="draw-steps", help=_STEPS)
    guidance = settings.sampling.guidance
    if after_masks:
        guidance = middle.number_input(
            "Guidance by the mask", 0.0, 10.0, guidance, 0.5, key="draw-guidance", help=_GUIDANCE
        )
    seed = int(right.number_input("Seed", 0, value=0, key="draw-seed"))
    if st.button("Draw", type="primary", disabled=what is None, icon=":material/brush:") and what:
        out = results_folder() / f"{time.strftime('%Y%m%d-%H%M%S')}-drawn"
        changes = (f"diffusion.sampling.steps={steps}", f"diffusion.sampling.guidance={guidance:g}")
        launch(TASK, SynthesiseRequest(model=model, out=out, seed=seed, changes=changes, **what))
        st.rerun()


def _free() -> dict[str, Any]:
    left, right = st.columns(2)
    count = int(left.number_input("Images", 1, 1000, 4, key="draw-count"))
    size = right.selectbox("Height and width (px)", _SIZES, index=1, key="draw-size")
    return {"count": count, "size_px": size}


def _after_masks() -> dict[str, Any] | None:
    place = choose_source("Label map or folder on the server", "draw", "drawing")
    samples = int(st.number_input("Images for each mask", 1, 64, 4, key="draw-samples"))
    return {"masks": place, "samples": samples} if place else None

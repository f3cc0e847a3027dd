"""What a diffusion model learns to predict, and how validation and the first drawings sample from it."""

from typing import Any, get_args

import streamlit as st

from pages.widgets.sampling import step_choices
from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.recipe import Recipe
from sem_models.tasks.table import find_task

Choices = dict[str, tuple[Any, Any]]


def choose_diffusion(recipe: Recipe) -> Choices:
    """Show widgets that start at the recipe's values; nothing for other methods."""
    settings, key = recipe.diffusion, recipe.name
    if settings is None:
        return {}
    st.markdown("**Diffusion**")
    columns = st.columns(3)
    predicts = columns[0].selectbox("Predicts", *_choices(settings, "predicts"), key=f"predicts-{key}")
    betas = columns[1].selectbox("Noise schedule", *_choices(settings, "betas"), key=f"betas-{key}")
    steps = columns[2].selectbox("Sampling steps", *step_choices(settings), key=f"sampling-steps-{key}")
    chosen: Choices = {
        "diffusion.predicts": (predicts, settings.predicts),
        "diffusion.betas": (betas, settings.betas),
        "diffusion.sampling.steps": (steps, settings.sampling.steps),
    }
    return chosen | (_choose_guidance(settings, key) if find_task(recipe).uses_masks(recipe) else {})


def _choose_guidance(settings: DiffusionSettings, key: str) -> Choices:
    left, right = st.columns(2)
    sampling = settings.sampling
    drop = left.number_input(
        "Share of images without their mask", 0.0, 0.9, settings.drop_condition, 0.05, key=f"drop-{key}",
        help="Guidance other than 1 needs a network that has also learned without masks.",
    )  # fmt: skip
    guidance = right.number_input("Guidance by the mask", 0.0, 10.0, sampling.guidance, 0.5, key=f"guidance-{key}")
    return {
        "diffusion.drop_condition": (drop, settings.drop_condition),
        "diffusion.sampling.guidance": (guidance, sampling.guidance),
    }


def _choices(settings: DiffusionSettings, name: str) -> tuple[tuple[str, ...], int]:
    """Return all values of a setting, and the index of the recipe's own."""
    values: tuple[str, ...] = get_args(DiffusionSettings.model_fields[name].annotation)
    return values, values.index(getattr(settings, name))

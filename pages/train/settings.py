"""The settings that matter, as typed widgets; those that differ from the recipe are returned as overrides."""

from typing import Any

import streamlit as st

from pages.train.diffusion import choose_diffusion
from pages.train.forward import choose_distortion, choose_forward
from pages.widgets.words import OTHER_SETTINGS
from sem_models.config.methods import method_facts
from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Kind
from sem_models.tasks.table import find_task


def choose_settings(recipe: Recipe, kind: Kind) -> list[str]:
    """Show widgets that start at the recipe's values; return `key=value` for each that was changed.

    The forward model is asked for only where the training on a dataset of this kind uses it.
    """
    chosen = _common(recipe) | _made(recipe, kind) | (_cycle(recipe) if recipe.cycle else _adversarial(recipe))
    chosen |= choose_diffusion(recipe)
    return [f"{name}={value}" for name, (value, default) in chosen.items() if value != default] + _others(recipe)


def _others(recipe: Recipe) -> list[str]:
    """Ask for settings without a widget of their own, by key; they win over the widgets above."""
    with st.expander(OTHER_SETTINGS):
        text = st.text_area(
            "One KEY=VALUE per line", key=f"others-{recipe.name}", placeholder="network.head=sigmoid",
            help="Any key of the recipe; the Settings tab of a run lists them all.",
        )  # fmt: skip
    return [line.strip() for line in text.splitlines() if line.strip()]


def _adversarial(recipe: Recipe) -> dict[str, tuple[Any, Any]]:
    """Ask for the stage with a discriminator, where the recipe has one."""
    settings, key = recipe.adversarial, recipe.name
    if settings is None:
        return {}
    st.markdown("**Adversarial stage**")
    first, second, third = st.columns(3)
    share = first.number_input("Share of steps before it", 0.0, 0.99, settings.first_share, 0.05, key=f"share-{key}")
    weight = second.number_input("Adversarial weight", 0.0, 10.0, settings.weight, format="%.1e", key=f"gan-{key}")
    chosen: str = recipe.perceptual
    compared = any(term.name.startswith("perceptual") for term in (*recipe.losses, *settings.losses))
    if compared or method_facts(recipe.method).compares_features:
        features = ["vgg19", "vgg16"]
        chosen = third.selectbox("Perceptual features", features, features.index(recipe.perceptual), key=f"vgg-{key}")
    losses = ", ".join(f"{term.name} {term.weight:g}" for term in settings.losses)
    st.caption(f"{settings.gan} GAN, {settings.discriminator.kind} discriminator; generator losses: {losses}.")
    return {
        "adversarial.first_share": (share, settings.first_share),
        "adversarial.weight": (weight, settings.weight),
        "perceptual": (chosen, recipe.perceptual),
    }


def _cycle(recipe: Recipe) -> dict[str, tuple[Any, Any]]:
    """Ask for the weights that hold a training without pairs together."""
    settings, key = recipe.cycle, recipe.name
    if settings is None:
        return {}
    st.markdown("**Without pairs**")
    first, second, third = st.columns(3)
    weight = first.number_input("Cycle weight", 0.1, 100.0, settings.weight, 1.0, key=f"cycle-{key}")
    identity = second.number_input("Identity (of the cycle weight)", 0.0, 2.0, settings.identity, 0.1, key=f"id-{key}")
    low = third.number_input("Low-frequency weight", 0.0, 100.0, settings.low_frequency, 1.0, key=f"low-{key}")
    st.caption("Raise the last two if light and dark are exchanged, or if dents and shading are lost.")
    return {
        "cycle.weight": (weight, settings.weight),
        "cycle.identity": (identity, settings.identity),
        "cycle.low_frequency": (low, settings.low_frequency),
    }


def _common(recipe: Recipe) -> dict[str, tuple[Any, Any]]:
    first, second = st.columns(2)
    key = recipe.name
    train = recipe.train
    # A cycle has only the adversarial stage.
    where = "adversarial.optimiser" if recipe.cycle and recipe.adversarial else "optimiser"
    optimiser = recipe.adversarial.optimiser if recipe.cycle and recipe.adversarial else recipe.optimiser
    with first:
        st.markdown("**Training**")
        steps = st.number_input("Steps", 1, 2_000_000, train.steps, 100, key=f"steps-{key}")
        batch = st.number_input("Batch (patches)", 1, 512, train.batch, key=f"batch-{key}")
        patch = st.number_input("Patch (px of the sharp image)", 16, 1024, train.patch, 16, key=f"patch-{key}")
        seed = st.number_input("Seed", 0, 2**31 - 1, train.seed, key=f"seed-{key}")
    with second:
        st.markdown("**Learning**")
        rate = st.number_input("Learning rate", 1e-7, 1.0, optimiser.lr, format="%.1e", key=f"lr-{key}")
        every = st.number_input("Validate every (steps)", 1, 100_000, train.validate_every, key=f"every-{key}")
        decay = st.number_input("EMA decay", 0.0, 0.99999, train.ema_decay, format="%.4f", key=f"ema-{key}")
        patience = st.number_input(
            "Early stop (validations, 0: never)", 0, 1000, train.early_stop or 0, key=f"stop-{key}"
        )
    return {
        "train.steps": (steps, train.steps),
        "train.batch": (batch, train.batch),
        "train.patch": (patch, train.patch),
        "train.seed": (seed, train.seed),
        f"{where}.lr": (rate, optimiser.lr),
        "train.validate_every": (every, train.validate_every),
        "train.ema_decay": (decay, train.ema_decay),
        "train.early_stop": (patience or None, train.early_stop),
    }


def _made(recipe: Recipe, kind: Kind) -> dict[str, tuple[Any, Any]]:
    why = unused(recipe, kind)
    if why:
        st.caption(why)
        return {}
    left, right = st.columns([1, 2], gap="large")
    with left:
        made = choose_forward(recipe)
    with right:
        return made | choose_distortion(recipe)


def unused(recipe: Recipe, kind: Kind) -> str:
    """Say why a training does not use the forward model of its recipe; empty where it does."""
    return find_task(recipe).ignores_degradation(recipe, kind)

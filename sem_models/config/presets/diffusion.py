"""Presets for denoising diffusion: micrographs drawn from noise, with or without a label map as the condition.

They follow a published study of axon and myelin images in two contrasts (T 1000, linear betas, 64 px, AdamW 1e-4). The
study used images with three equal channels and did not average its weights; here images have one channel and the
weights are averaged.
"""

from typing import Any

from sem_models.config.degradation import Degradation
from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.networks.diffusion_unet import DiffusionUNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings

_CLASSES = 3
"""Background, axon, myelin."""


def presets() -> list[Recipe]:
    """Return the unconditional and the mask-conditioned preset, each with a `-small` one for two CPU cores."""
    free = _recipe("ddpm", "Draws micrographs out of noise alone.", 0)
    masks = _recipe("ddpm-masks", f"Draws micrographs after label maps of {_CLASSES} classes.", _CLASSES)
    return [free, _small(free, 0), masks, _small(masks, _CLASSES)]


def _recipe(name: str, summary: str, condition: int) -> Recipe:
    return Recipe(
        name=name,
        summary=summary,
        task="synthesis",
        method="diffusion",
        network=DiffusionUNetConfig(channels_in=condition, width=64, multipliers=(1, 2, 4, 4), attention=(2, 3)),
        losses=(LossTerm(name="mse"),),
        degradation=Degradation(scale=1),
        optimiser=Optimiser(name="adamw", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.01),
        schedule=Schedule(name="constant", warmup_steps=1000),
        diffusion=DiffusionSettings(),
        train=TrainSettings(
            steps=200_000, batch=16, patch=64, ema_decay=0.9999, validate_every=5000, checkpoint_every=1000
        ),
    )


def _small(recipe: Recipe, condition: int) -> Recipe:
    """Use cosine betas and velocity: more of the steps are at noise levels at which small images are still visible."""
    network = DiffusionUNetConfig(channels_in=condition, width=32, multipliers=(1, 2, 2, 4), blocks=1, attention=(3,))
    changes: dict[str, Any] = {
        "name": f"{recipe.name}-small",
        "summary": f"{recipe.summary} A narrow network: hours on two CPU cores.",
        "network": network,
        "optimiser": Optimiser(name="adamw", lr=5e-4, betas=(0.9, 0.999), weight_decay=0.01),
        "schedule": Schedule(name="cosine", warmup_steps=200),
        "diffusion": DiffusionSettings(betas="cosine", predicts="velocity"),
        "train": TrainSettings(steps=4000, batch=16, patch=64, ema_decay=0.995, validate_every=500),
    }
    return recipe.model_copy(update=changes)

"""Presets that redraw defective scan lines."""

from typing import Any

from sem_models.config.degradation import Degradation, LineDefects
from sem_models.config.networks.inpainter import InpainterConfig
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings


def presets() -> tuple[Recipe, Recipe]:
    """Return NAFNet, and a small U-Net for two CPU cores; both correct a linear interpolation between intact lines."""
    whole = _whole()
    return whole, _small(whole)


def _whole() -> Recipe:
    return Recipe(
        name="inpaint-lines",
        summary="Redraws dead, saturated and charged scan lines; NAFNet sees both sides of a gap of 1 to 8 lines.",
        task="inpainting",
        network=InpainterConfig(inner=NAFNetConfig(channels=2)),
        losses=(LossTerm(name="charbonnier"),),
        degradation=Degradation(scale=1, lines=LineDefects(rate=0.06, rows=(1, 8))),
        optimiser=Optimiser(name="adamw", lr=1e-3, betas=(0.9, 0.9)),
        schedule=Schedule(name="cosine", final_fraction=1e-4),
        train=TrainSettings(steps=100_000, batch=16, patch=256, validate_every=2000, checkpoint_every=1000),
    )


def _small(whole: Recipe) -> Recipe:
    inner = UNetConfig(channels_in=2, channels_out=2, depth=2, width=16, residual=True)
    changes: dict[str, Any] = {
        "name": "inpaint-lines-small",
        "summary": "Redraws dead, saturated and charged scan lines: minutes on two CPU cores.",
        "network": InpainterConfig(inner=inner),
        "optimiser": Optimiser(lr=1e-3),
        "schedule": Schedule(name="cosine", warmup_steps=100),
        "train": TrainSettings(steps=3000, batch=8, patch=64, ema_decay=0.99, validate_every=1000),
    }
    return whole.model_copy(update=changes)

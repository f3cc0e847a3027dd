"""Presets that segment micrographs into the classes of label maps."""

from typing import Any

from sem_models.config.degradation import Degradation
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings


def presets() -> tuple[Recipe, Recipe]:
    """Return a full-size U-Net and a small one for two CPU cores. The number of classes comes from the dataset."""
    whole = _whole()
    return whole, _small(whole)


def _whole() -> Recipe:
    """Return the U-Net of 2015 with batch norm; cross-entropy and soft Dice have equal weights, as in nnU-Net."""
    return Recipe(
        name="unet-segment",
        summary="U-Net that finds the classes of label maps: cross-entropy and soft Dice.",
        task="segmentation",
        method="segmentation",
        network=UNetConfig(variant="batch-norm", depth=4, width=64, channels_out=3),
        losses=(LossTerm(name="cross_entropy"), LossTerm(name="soft_dice")),
        degradation=Degradation(scale=1),
        optimiser=Optimiser(lr=1e-3, betas=(0.9, 0.999)),
        schedule=Schedule(name="cosine", warmup_steps=200),
        train=TrainSettings(steps=20_000, batch=8, patch=256, validate_every=1000, checkpoint_every=500),
    )


def _small(whole: Recipe) -> Recipe:
    changes: dict[str, Any] = {
        "name": "unet-segment-small",
        "summary": "unet-segment with a small network: minutes on two CPU cores.",
        "network": UNetConfig(variant="batch-norm", depth=3, width=16, channels_out=3),
        "optimiser": Optimiser(lr=3e-3, betas=(0.9, 0.999)),
        "schedule": Schedule(name="cosine", warmup_steps=20),
        "train": TrainSettings(steps=600, batch=4, patch=128, ema_decay=0.98, validate_every=100),
    }
    return whole.model_copy(update=changes)

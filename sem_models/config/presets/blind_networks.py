"""Presets for blind-spot networks, which denoise single images, for noise of single pixels and along scan lines."""

from sem_models.config.degradation import Degradation
from sem_models.config.networks.blind_spot_unet import BlindSpotUNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings


def presets() -> list[Recipe]:
    """Return every preset of this file, each with a `-small` one for two CPU cores."""
    pixel = _recipe(
        "blind-denoise",
        "Blind-spot network from single noisy images, combined with each pixel by the measured noise.",
        BlindSpotUNetConfig(depth=4, width=48),
    )
    row = _recipe(
        "blind-lines-denoise",
        "Blind-spot network for noise correlated along scan lines: it sees nothing of the line that it predicts.",
        BlindSpotUNetConfig(depth=4, width=48, excludes="row"),
    )
    return [form for recipe in (pixel, row) for form in (recipe, _small(recipe))]


def _recipe(name: str, summary: str, network: BlindSpotUNetConfig) -> Recipe:
    return Recipe(
        name=name,
        summary=summary,
        task="denoising",
        method="blind-network",
        network=network,
        losses=(LossTerm(name="gaussian_nll"),),
        degradation=Degradation(scale=1),
        optimiser=Optimiser(lr=4e-4),
        schedule=Schedule(name="cosine", warmup_steps=200),
        train=TrainSettings(steps=50_000, batch=16, patch=128, validate_every=2000, checkpoint_every=1000),
    )


def _small(recipe: Recipe) -> Recipe:
    """Return the preset for minutes on one CPU core. Every pixel teaches, so small batches suffice."""
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": f"{recipe.summary} A smaller network, for two CPU cores.",
            "network": recipe.network.model_copy(update={"depth": 2, "width": 32}),
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=1500, batch=4, patch=64, ema_decay=0.99, validate_every=250),
        }
    )

"""Presets for denoising without clean images: Noise2Void, with and without masks along scan lines, and Noise2Noise."""

from sem_models.config.degradation import Degradation
from sem_models.config.method_settings import BlindSpot
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings

_NETWORK = UNetConfig(variant="n2v2", depth=2, width=32)
_SMALL_NETWORK = UNetConfig(variant="n2v2", depth=2, width=20)
_NOISY_ALREADY = Degradation(scale=1)
_SIMULATED = Degradation(scale=1, dose_e_per_px=30, read_noise=0.02)
"""For single clean images. Pairs of recorded frames contain their own noise."""
_LINES = BlindSpot(line_px=5, stretch_px=8, radius=1)
"""Only the nearest lines replace a stretch, because lines further away resemble it less."""
_SMALL_SHARE = 0.04


def presets() -> list[Recipe]:
    """Return every preset of this file, each with a `-small` one for two CPU cores."""
    plain = _recipe(
        "n2v-denoise",
        # The median keeps the network from copying neighbouring pixels, which would show as a checkerboard.
        "Noise2Void from single noisy images, noise independent from pixel to pixel; median in place of hidden pixels.",
        blind_spot=BlindSpot(),
    )
    lines = _recipe(
        "n2v-lines-denoise",
        f"Noise2Void for noise correlated along scan lines over up to {_LINES.line_px} px.",
        blind_spot=_LINES,
    )
    frames = _recipe("n2n-denoise", "Noise2Noise from two noisy frames of each field, in both directions.")
    return [form for recipe in (plain, lines, frames) for form in (recipe, _small(recipe))]


def _recipe(name: str, summary: str, blind_spot: BlindSpot | None = None) -> Recipe:
    return Recipe(
        name=name,
        summary=summary,
        task="denoising",
        method="blind-spot" if blind_spot else "noise2noise",
        network=_NETWORK,
        losses=(LossTerm(name="mse"),),
        degradation=_NOISY_ALREADY if blind_spot else _SIMULATED,
        optimiser=Optimiser(lr=4e-4),
        schedule=Schedule(name="cosine", warmup_steps=200),
        blind_spot=blind_spot,
        train=TrainSettings(steps=50_000, batch=128, patch=64, validate_every=2000, checkpoint_every=1000),
    )


def _small(recipe: Recipe) -> Recipe:
    """Return the preset for minutes on two CPU cores. With so few steps, each must hide more pixels."""
    hidden = recipe.blind_spot and recipe.blind_spot.model_copy(update={"share": _SMALL_SHARE})
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": f"{recipe.summary} A smaller network, for two CPU cores.",
            "network": _SMALL_NETWORK,
            "blind_spot": hidden,
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=2000, batch=16, patch=64, ema_decay=0.99, validate_every=250),
        }
    )

"""Presets for translation that is learned from images of the target contrast alone.

In training, the input is the target itself after a random grey curve, blur and noise. A network that finds the target
in it, whatever the curve, does so later in a real image of another contrast. Nothing is known about that contrast, so
its images need not be at hand before the model is applied.
"""

from sem_models.config.degradation import Blur, Degradation, GreyCurve
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings

_ANY_CONTRAST = Degradation(
    scale=1,
    grey_curve=GreyCurve(),
    blur=Blur(size_px=(0.0, 1.5)),
    dose_e_per_px=(30.0, 1000.0),
    read_noise=0.02,
)
"""Contrasts differ in sharpness and noise as well."""


def presets() -> list[Recipe]:
    """Return the U-Net of `unet-translate`, and a `-small` one for two CPU cores."""
    whole = _whole()
    return [whole, _small(whole)]


def _whole() -> Recipe:
    return Recipe(
        name="contrast-agnostic-translate",
        summary="U-Net that learns from images of one contrast to make it from any other, even if light and dark swap.",
        task="translation",
        network=UNetConfig(variant="batch-norm", depth=4, width=64, upsampling="resize"),
        losses=(LossTerm(name="charbonnier"),),
        degradation=_ANY_CONTRAST,
        optimiser=Optimiser(lr=3e-4),
        schedule=Schedule(name="cosine", warmup_steps=500),
        train=TrainSettings(steps=20_000, batch=8, patch=128, validate_every=1000, checkpoint_every=1000),
    )


def _small(whole: Recipe) -> Recipe:
    return whole.model_copy(
        update={
            "name": f"{whole.name}-small",
            "summary": f"{whole.name} with a thin U-Net: minutes on two CPU cores.",
            "network": UNetConfig(variant="batch-norm", depth=3, width=16, upsampling="resize"),
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=1500, batch=8, patch=128, ema_decay=0.99, validate_every=250),
        }
    )

"""Presets for translation that is learned from images of the target contrast alone.

In training, the input is the target itself after a random grey curve, blur and noise. A network that finds the target
in it, whatever the curve, does so later in a real image of another contrast. Nothing is known about that contrast, so
its images need not be at hand before the model is applied.
"""

from sem_models.config.degradation import Blur, Degradation, GreyCurve
from sem_models.config.networks.pix2pix import Pix2PixConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings

_ANY_CONTRAST = Degradation(
    scale=1,
    grey_curve=GreyCurve(knots=8, monotone=0.8, gain=4.0, shading=0.95, shading_px=(4.0, 64.0)),
    blur=Blur(size_px=(0.0, 1.5)),
    dose_e_per_px=(100.0, 2000.0),
    read_noise=0.01,
)
"""Contrasts differ in sharpness and noise as well."""


def presets() -> list[Recipe]:
    """Return the U-Net of pix2pix without its discriminator, and a `-small` one for two CPU cores."""
    whole = _whole()
    return [whole, _small(whole)]


def _whole() -> Recipe:
    """Return the recipe with instance norm.

    Running statistics of batch norm mix all contrasts. In trials whose curves differed as well, small networks with
    batch norm missed the particles of the titania images after 600 steps; with instance norm they found most after 150.
    """
    return Recipe(
        name="contrast-agnostic-translate",
        summary="U-Net that learns from images of one contrast to make it from any other, even if light and dark swap.",
        task="translation",
        network=Pix2PixConfig(norm="instance", upsampling="resize", finish="convolutions"),
        losses=(LossTerm(name="charbonnier"),),
        degradation=_ANY_CONTRAST,
        optimiser=Optimiser(lr=3e-4),
        schedule=Schedule(name="cosine", warmup_steps=500),
        train=TrainSettings(steps=20_000, batch=8, patch=256, validate_every=1000, checkpoint_every=1000),
    )


def _small(whole: Recipe) -> Recipe:
    return whole.model_copy(
        update={
            "name": f"{whole.name}-small",
            "summary": f"{whole.name} with a thin U-Net of six levels: minutes on two CPU cores.",
            "network": Pix2PixConfig(levels=6, width=16, norm="instance", upsampling="resize", finish="convolutions"),
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=3000, batch=4, patch=128, ema_decay=0.99, validate_every=250),
        }
    )

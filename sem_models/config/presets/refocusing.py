"""Presets for refocusing secondary-electron images: known blur, unknown blur, and blur in only a part of the image.

SRN and MRN follow Na et al., Acta Materialia 214 (2021) 116987. What the abstract of that paper leaves open (width,
losses, schedule) is taken from its nearest documented predecessor, Nah et al., CVPR 2017. It does not state the noise
either; without any after the blur, networks learn near-inverse filters, for inputs that no microscope gives.
"""

from typing import Any

from sem_models.config.degradation import Blur, Degradation
from sem_models.config.networks.mrn import MRNConfig
from sem_models.config.networks.refocuser import RefocuserConfig
from sem_models.config.networks.srn import SRNConfig
from sem_models.config.networks.table import NetworkConfig
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings

KNOWN = Blur(size_px=(2.0, 2.0))
UNKNOWN = Blur(size_px=(0.5, 4.0))
PARTIAL = Blur(size_px=(0.5, 4.0), region="partial")
TOLD = Blur(size_px=(0.0, 4.0))
DOSE_E_PER_PX, READ_NOISE = (50.0, 2000.0), 0.01
"""From a quick survey scan to a slow one: 20 to 34 dB of PSNR at medium grey."""


def presets() -> list[Recipe]:
    """Return a preset for each kind of blur, each with a `-small` one for two CPU cores."""
    trunk = SRNConfig(kernel=5)
    pyramid = MRNConfig(kernel=5)
    known = _recipe("srn-known", "Undoes one known blur, sigma 2 px.", trunk, KNOWN)
    blind = _recipe("mrn-blind", "Undoes an unknown blur, sigma 0.5 to 4 px.", pyramid, UNKNOWN)
    partial = _recipe("mrn-discriminative", "Refocuses what is blurred, leaves the rest as it is.", pyramid, PARTIAL)
    thin, thin_pyramid = SRNConfig(width=24, blocks=8, residual=True), MRNConfig(width=20, blocks=6, residual=True)
    told = _recipe("refocus-strength", "Undoes a blur of the width it is told, sigma 0 to 4 px.", _told(3, 48), TOLD)
    return [
        *(known, _small(known, thin)),
        *(blind, _small(blind, thin_pyramid)),
        *(partial, _small(partial, thin_pyramid)),
        *(told, _small(told, _told(3, 16))),
    ]


def _told(depth: int, width: int) -> RefocuserConfig:
    return RefocuserConfig(inner=UNetConfig(channels_in=2, channels_out=2, depth=depth, width=width, residual=True))


def _recipe(name: str, summary: str, network: NetworkConfig, blur: Blur) -> Recipe:
    return Recipe(
        name=name,
        summary=summary,
        task="refocusing",
        network=network,
        losses=(LossTerm(name="l1"),),
        degradation=Degradation(scale=1, blur=blur, dose_e_per_px=DOSE_E_PER_PX, read_noise=READ_NOISE),
        optimiser=Optimiser(lr=1e-4, betas=(0.9, 0.999)),
        schedule=Schedule(name="multistep", milestones=(0.5, 0.75, 0.9)),
        train=TrainSettings(steps=150_000, batch=16, patch=256, validate_every=5000, checkpoint_every=1000),
    )


def _small(recipe: Recipe, network: NetworkConfig) -> Recipe:
    changes: dict[str, Any] = {
        "name": f"{recipe.name}-small",
        "summary": f"{recipe.summary} A thin network: minutes on two CPU cores.",
        "network": network,
        "losses": (LossTerm(name="charbonnier"),),
        "optimiser": Optimiser(lr=1e-3),
        "schedule": Schedule(name="cosine", warmup_steps=100),
        "train": TrainSettings(steps=3000, batch=8, patch=96, ema_decay=0.99, validate_every=500),
    }
    return recipe.model_copy(update=changes)

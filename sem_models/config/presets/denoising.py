"""Presets for supervised denoising: clean micrographs with simulated noise that matches an instrument."""

from sem_models.config.degradation import Degradation, Scan
from sem_models.config.networks.frequency_split import FrequencySplitConfig
from sem_models.config.networks.hat import HATConfig
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.networks.table import NetworkConfig
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.presets.super_resolution import SMALL_HAT, small_hat
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings

FAST_SCAN = Degradation(scale=1, dose_e_per_px=50, read_noise=0.02)
"""About 20 dB of PSNR: the noise of a quick survey scan."""
STEM_SCAN = Degradation(scale=1, dose_e_per_px=(8, 60), read_noise=0.04, scan=Scan(jitter_px=0.4, banding=0.02))
"""Fast frames at atomic resolution: few electrons and line jitter."""


def presets() -> list[Recipe]:
    """Return every preset of this file."""
    plain = _nafnet()
    lattice = _lattice()
    hat = _hat()
    thin = NAFNetConfig(width=16, encoder=(1, 1, 1), middle=2, decoder=(1, 1, 1))
    split = FrequencySplitConfig(sigma_px=12, inner=UNetConfig(depth=3, width=16, residual=True))
    return [
        plain,
        _small(plain, thin, "NAFNet with 8 blocks of width 16: minutes on two CPU cores."),
        hat,
        _small(hat, small_hat(1), SMALL_HAT, patch=48),
        lattice,
        _small(lattice, split, "The lattice preset with a thin U-Net: minutes on two CPU cores."),
    ]


def _nafnet() -> Recipe:
    return Recipe(
        name="nafnet-denoise",
        summary="NAFNet of 2022, width 32, learns to remove shot and read noise from clean micrographs.",
        task="denoising",
        network=NAFNetConfig(),
        losses=(LossTerm(name="charbonnier"),),
        degradation=FAST_SCAN,
        optimiser=Optimiser(name="adamw", lr=1e-3, betas=(0.9, 0.9)),
        schedule=Schedule(name="cosine", final_fraction=1e-4),
        train=TrainSettings(steps=200_000, batch=16, patch=256, validate_every=5000, checkpoint_every=1000),
    )


def _hat() -> Recipe:
    return Recipe(
        name="hat-denoise",
        summary="HAT of 2023 at the size of the input: the same network as for super-resolution. For a GPU.",
        task="denoising",
        network=HATConfig(scale=1),
        losses=(LossTerm(name="charbonnier"),),
        degradation=FAST_SCAN,
        optimiser=Optimiser(lr=2e-4),
        schedule=Schedule(name="multistep", milestones=(0.5, 0.8, 0.9, 0.95)),
        train=TrainSettings(steps=500_000, batch=32, patch=64, validate_every=5000, checkpoint_every=1000),
    )


def _lattice() -> Recipe:
    inner = UNetConfig(depth=3, width=48, residual=True)
    return Recipe(
        name="lattice-denoise",
        summary="Atomic lattices with dents, from simulated ones: broad contrast passes by construction.",
        task="denoising",
        network=FrequencySplitConfig(sigma_px=12, inner=inner),
        losses=(LossTerm(name="charbonnier"),),
        degradation=STEM_SCAN,
        optimiser=Optimiser(lr=4e-4),
        schedule=Schedule(name="cosine", warmup_steps=500),
        train=TrainSettings(steps=40_000, batch=16, patch=128, validate_every=1000, checkpoint_every=1000),
    )


def _small(recipe: Recipe, network: NetworkConfig, summary: str, patch: int = 96) -> Recipe:
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": summary,
            "network": network,
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=3000, batch=8, patch=patch, ema_decay=0.99, validate_every=500),
        }
    )

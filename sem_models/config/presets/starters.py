"""Recipes of the starter models, which come trained: one network for many instruments, doses and grey levels."""

from sem_models.config.degradation import Degradation, Scan
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import GreyLevels, LossTerm, Optimiser, Schedule, TrainSettings

ANY_SCAN = Degradation(
    scale=1,
    dose_e_per_px=(2, 500),
    background=(0.0, 0.7),
    absent=0.5,
    read_noise=0.1,
    scan=Scan(jitter_px=0.5, banding=0.05, streaks=0.12, streak_length_px=4.0),
)
"""What fast scans of many instruments look like, from a survey at 2 e/px to a slow scan."""


def presets() -> list[Recipe]:
    """Return every preset of this file."""
    return [
        Recipe(
            name="starter-denoise",
            summary="One small NAFNet for SEM images of any instrument and dose; the recipe of starter:denoise.",
            task="denoising",
            network=NAFNetConfig(width=32, encoder=(1, 1, 2), middle=2, decoder=(1, 1, 1), window=64, fold=2),
            losses=(LossTerm(name="log_mse"),),
            degradation=ANY_SCAN,
            optimiser=Optimiser(name="adamw", lr=2e-3, betas=(0.9, 0.9)),
            schedule=Schedule(name="cosine", warmup_steps=200, final_fraction=1e-3),
            train=TrainSettings(
                steps=12_000,
                batch=10,
                patch=64,
                validate_every=1500,
                checkpoint_every=500,
                log_every=50,
                precision="32-true",
                grey_levels=GreyLevels(),
            ),
        )
    ]

"""Recipes of the starter models, which come trained: one network for many instruments, doses and grey levels."""

from sem_models.config.degradation import Blur, Degradation, LineDefects, Scan
from sem_models.config.networks.inpainter import InpainterConfig
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.networks.refocuser import RefocuserConfig
from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.config.networks.unet import UNetConfig
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


SURVEY = ANY_SCAN.model_copy(
    update={
        "dose_e_per_px": (20.0, 10_000.0),
        "read_noise": 0.03,
        "scan": Scan(jitter_px=0.3, banding=0.02, streaks=0.04, streak_length_px=4.0),
    }
)
"""Scans that are enlarged or refocused: from noisy ones to those that are nearly free of noise, which must not lose."""
STEM = ANY_SCAN.model_copy(update={"dose_e_per_px": (1.0, 200.0)})
"""Atomic and low-dose scans."""
_ADAM = Optimiser(name="adamw", lr=2e-3, betas=(0.9, 0.9))
_FALLING = Schedule(name="cosine", warmup_steps=200, final_fraction=1e-3)
_LOG_MSE = (LossTerm(name="log_mse"),)


def presets() -> list[Recipe]:
    """Return every preset of this file."""
    return [denoise(), denoise_stem(), enlarge(2), enlarge(4), refocus(), clean_lines()]


def denoise() -> Recipe:
    """The recipe of starter:denoise."""
    return Recipe(
        name="starter-denoise",
        summary="One small NAFNet for SEM images of any instrument and dose; the recipe of starter:denoise.",
        task="denoising",
        network=NAFNetConfig(width=32, encoder=(1, 1, 2), middle=2, decoder=(1, 1, 1), window=64, fold=2),
        losses=_LOG_MSE,
        degradation=ANY_SCAN,
        optimiser=_ADAM,
        schedule=_FALLING,
        train=_train(steps=12_000, batch=10, patch=64),
    )


def denoise_stem() -> Recipe:
    """The recipe of starter:denoise-stem."""
    changes = {
        "name": "starter-denoise-stem",
        "summary": "One small NAFNet for atomic and low-dose scans; the recipe of starter:denoise-stem.",
        "degradation": STEM,
        "train": _train(steps=10_000, batch=10, patch=64),
    }
    return denoise().model_copy(update=changes)


def enlarge(scale: int) -> Recipe:
    """The recipe of starter:sr-x2 or starter:sr-x4."""
    return Recipe(
        name=f"starter-sr-x{scale}",
        summary=f"SRResNet of width 48 for noisy, slightly blurred scans; the recipe of starter:sr-x{scale}.",
        network=SRResNetConfig(scale=scale, blocks=8, width=48),
        losses=_LOG_MSE,
        degradation=SURVEY.model_copy(update={"scale": scale, "blur": Blur(size_px=(0.0, 0.2 * scale))}),
        optimiser=Optimiser(lr=1e-3),
        schedule=_FALLING,
        train=_train(steps=8_000, batch=8, patch=64 if scale == 2 else 96),
    )


def refocus() -> Recipe:
    """The recipe of starter:refocus."""
    inner = UNetConfig(channels_in=2, channels_out=2, depth=3, width=24, residual=True)
    return Recipe(
        name="starter-refocus",
        summary="Undoes a blur of the width it is told, sigma 0 to 4 px; the recipe of starter:refocus.",
        task="refocusing",
        network=RefocuserConfig(inner=inner),
        losses=(LossTerm(name="charbonnier"),),
        degradation=SURVEY.model_copy(update={"blur": Blur(size_px=(0.0, 4.0)), "dose_e_per_px": (50.0, 10_000.0)}),
        optimiser=Optimiser(lr=1e-3),
        schedule=_FALLING,
        train=_train(steps=6_000, batch=8, patch=64).model_copy(update={"grey_levels": None}),
    )


def clean_lines() -> Recipe:
    """The recipe of starter:clean-lines."""
    inner = UNetConfig(channels_in=2, channels_out=2, depth=2, width=24, residual=True)
    return Recipe(
        name="starter-clean-lines",
        summary="Redraws dead, saturated and charged scan lines; the recipe of starter:clean-lines.",
        task="inpainting",
        network=InpainterConfig(inner=inner),
        losses=(LossTerm(name="charbonnier"),),
        degradation=Degradation(scale=1, lines=LineDefects(rate=0.06, rows=(1, 8))),
        optimiser=Optimiser(lr=1e-3),
        schedule=_FALLING,
        train=_train(steps=8_000, batch=8, patch=64).model_copy(update={"grey_levels": None}),
    )


def _train(steps: int, batch: int, patch: int) -> TrainSettings:
    return TrainSettings(
        steps=steps,
        batch=batch,
        patch=patch,
        validate_every=1500,
        checkpoint_every=500,
        log_every=50,
        precision="32-true",
        grey_levels=GreyLevels(),
    )

"""Presets that learn without pairs."""

from sem_models.config.degradation import Degradation
from sem_models.config.method_settings import CycleSettings
from sem_models.config.networks.discriminators import PatchDiscriminatorConfig
from sem_models.config.networks.resnet_generator import ResNetConfig
from sem_models.config.presets.denoising import STEM_SCAN
from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, Optimiser, Schedule, TrainSettings

_ADAM = Optimiser(lr=2e-4, betas=(0.5, 0.999))
_DECAY = Schedule(name="linear", decay_from=0.5, final_fraction=0.0)
_NOISE = Degradation(scale=1, dose_e_per_px=30.0, read_noise=0.02)
"""For datasets of single images. Unpaired datasets contain a recorded degraded domain."""


def presets() -> tuple[Recipe, ...]:
    """Return CycleGAN for noise, dented lattices and translation, each with a `-small` one for two CPU cores."""
    full = _full()
    return full, _small(), _lattice(full), _lattice_small(full), _translate(full), _translate_small(full)


def _full() -> Recipe:
    """Return the preset after the authors' released code, with scan noise for photographs and intensities in [0, 1]."""
    return Recipe(
        name="cyclegan-denoise",
        summary="CycleGAN of 2017: denoises after seeing noisy and clean micrographs that need not belong together.",
        task="denoising",
        method="cycle",
        network=ResNetConfig(blocks=9, width=64, upsampling="transposed", residual=False),
        degradation=_NOISE,
        adversarial=_adversarial(PatchDiscriminatorConfig(width=64, halvings=3, norm="instance")),
        cycle=CycleSettings(),
        # Neither averaged weights nor, in effect, gradient clipping, as in the authors' code.
        train=TrainSettings(
            steps=200_000, batch=1, patch=256, ema_decay=0.0, grad_clip=1e3, validate_every=5000, checkpoint_every=1000
        ),
    )


def _small() -> Recipe:
    """Correct the input instead of redrawing it, and preserve the low frequencies, which is steadier in few steps."""
    return Recipe(
        name="cyclegan-denoise-small",
        summary="cyclegan-denoise with a small network: some minutes on two CPU cores.",
        task="denoising",
        method="cycle",
        network=ResNetConfig(blocks=6, width=16, upsampling="resize", residual=True),
        degradation=_NOISE,
        adversarial=_adversarial(PatchDiscriminatorConfig(width=16, halvings=2, norm="instance")),
        cycle=CycleSettings(low_frequency=10.0, low_frequency_sigma_px=4.0),
        train=TrainSettings(steps=2000, batch=4, patch=64, ema_decay=0.99, validate_every=500),
    )


def _lattice(full: Recipe) -> Recipe:
    """Return the preset of the study: crops of 5 x 5 atoms (64 px, period about 13 px), and no loss to preserve dents.

    It fails, and is included for comparison only: targets without dents teach the network to remove them, and tiles
    that are restored separately do not fit together. Use `lattice-denoise` instead.
    """
    changes = {"patch": 64, "batch": 4}
    return full.model_copy(
        update={
            "name": "cyclegan-lattice",
            "summary": "CycleGAN on crops of 5 x 5 atoms, as in a published study; loses dents, for comparison only.",
            "network": ResNetConfig(blocks=6, width=64),
            "degradation": STEM_SCAN,
            "train": full.train.model_copy(update=changes),
        }
    )


def _lattice_small(full: Recipe) -> Recipe:
    lattice = _lattice(full)
    return lattice.model_copy(
        update={
            "name": "cyclegan-lattice-small",
            "summary": "cyclegan-lattice with a small network: some minutes on two CPU cores.",
            "network": ResNetConfig(blocks=6, width=16),
            "adversarial": _adversarial(PatchDiscriminatorConfig(width=16, halvings=2, norm="instance")),
            "train": TrainSettings(steps=2000, batch=4, patch=64, ema_decay=0.99, validate_every=500),
        }
    )


def _translate(full: Recipe) -> Recipe:
    """Return CycleGAN as published, between contrasts of different places; both directions are learned and usable."""
    return full.model_copy(
        update={
            "name": "cyclegan-translate",
            "summary": "CycleGAN of 2017 between two contrasts that need not show the same places.",
            "task": "translation",
            "degradation": Degradation(scale=1),
        }
    )


def _translate_small(full: Recipe) -> Recipe:
    """Redraw instead of correcting the input, because what is bright in one contrast may be dark in the other."""
    return _translate(full).model_copy(
        update={
            "name": "cyclegan-translate-small",
            "summary": "cyclegan-translate with a small network: a quarter of an hour on two CPU cores.",
            "network": ResNetConfig(blocks=6, width=16, upsampling="resize", residual=False),
            "adversarial": _adversarial(PatchDiscriminatorConfig(width=16, halvings=3, norm="instance")),
            "train": TrainSettings(steps=4000, batch=2, patch=128, ema_decay=0.99, validate_every=1000),
        }
    )


def _adversarial(discriminator: PatchDiscriminatorConfig) -> Adversarial:
    return Adversarial(
        first_share=0.0,
        losses=(),
        gan="lsgan",
        weight=1.0,
        discriminator=discriminator,
        optimiser=_ADAM,
        schedule=_DECAY,
    )

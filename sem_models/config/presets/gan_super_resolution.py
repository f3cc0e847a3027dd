"""Presets for super-resolution with a discriminator: a stage with pixel losses, then the adversarial stage."""

from sem_models.config.degradation import Degradation
from sem_models.config.networks.discriminators import (
    DiscriminatorConfig,
    PatchDiscriminatorConfig,
    VGGDiscriminatorConfig,
)
from sem_models.config.networks.dsrvae import DSRVAEConfig
from sem_models.config.networks.rrdb import RRDBConfig
from sem_models.config.networks.spsr import SPSRConfig
from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.config.networks.table import NetworkConfig, capabilities
from sem_models.config.presets.super_resolution import SCALES, Scale
from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, LossTerm, Optimiser, Schedule, TrainSettings

_ESRGAN_LOSSES = (LossTerm(name="l1", weight=1e-2), LossTerm(name="perceptual", weight=1.0))
_SPSR_LOSSES = (
    *_ESRGAN_LOSSES,
    LossTerm(name="gradient_map", weight=1e-2),
    LossTerm(name="gradient_branch", weight=0.5),
)


_THIN = PatchDiscriminatorConfig(width=24, halvings=3)


def presets() -> list[Recipe]:
    """Return every preset of this file, larger scale first, each with a `-small` one for two CPU cores."""
    return [recipe for scale in SCALES for pair in _at(scale) for recipe in pair]


def _at(scale: Scale) -> list[tuple[Recipe, Recipe]]:
    return [
        with_small(_srgan(scale), SRResNetConfig(scale=scale, blocks=8, width=32)),
        with_small(_esrgan(scale), RRDBConfig(scale=scale, blocks=3, width=32, growth=16)),
        with_small(_spsr(scale), SPSRConfig(scale=scale, blocks=4, width=12, growth=6)),
        with_small(
            _dsrvae(scale), DSRVAEConfig(scale=scale, width=24, blocks=3, patch=32, code=64, hidden=256), robust=False
        ),
    ]


def _srgan(scale: Scale) -> Recipe:
    return Recipe(
        name=f"srgan-x{scale}",
        summary="SRGAN of 2017 in BasicSR's form: SRResNet without batch norm, perceptual and adversarial loss.",
        method="adversarial",
        network=SRResNetConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=Schedule(name="cosine", final_fraction=0.001),
        adversarial=Adversarial(losses=_ESRGAN_LOSSES, gan="bce", discriminator=VGGDiscriminatorConfig()),
        train=gan_settings(batch=16),
    )


def _esrgan(scale: Scale) -> Recipe:
    return Recipe(
        name=f"esrgan-x{scale}",
        summary="ESRGAN of 2018: residual-in-residual dense blocks, relativistic discriminator, VGG features.",
        method="adversarial",
        network=RRDBConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=Schedule(name="multistep", milestones=(0.2, 0.4, 0.6, 0.8)),
        adversarial=Adversarial(losses=_ESRGAN_LOSSES, discriminator=VGGDiscriminatorConfig()),
        train=gan_settings(batch=16),
    )


def _spsr(scale: Scale) -> Recipe:
    return Recipe(
        name=f"spsr-x{scale}",
        summary="SPSR of 2020: ESRGAN with a gradient branch and a second discriminator that sees gradient maps.",
        method="adversarial",
        network=SPSRConfig(scale=scale),
        losses=(LossTerm(name="l1"), LossTerm(name="gradient_branch", weight=0.5)),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=Schedule(name="multistep", milestones=(0.2, 0.4, 0.6, 0.8)),
        adversarial=Adversarial(
            losses=_SPSR_LOSSES,
            gradient_weight=5e-3,
            fusion_share=0.01,
            discriminator=VGGDiscriminatorConfig(),
            optimiser=Optimiser(lr=1e-4, betas=(0.9, 0.999)),
        ),
        train=gan_settings(batch=30),
    )


def _dsrvae(scale: Scale) -> Recipe:
    return Recipe(
        name=f"dsrvae-x{scale}",
        summary="dSRVAE of 2020: a variational denoiser, then enlargement that sees the truth only unpaired.",
        method="variational",
        network=DSRVAEConfig(scale=scale, denoise=True),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=1e-4, betas=(0.9, 0.999)),
        schedule=Schedule(name="multistep", milestones=(0.5,), gamma=0.1),
        adversarial=Adversarial(
            losses=(LossTerm(name="l1", weight=1.0), LossTerm(name="perceptual", weight=1.0)),
            gan="bce",
            weight=1e-4,
            discriminator=VGGDiscriminatorConfig(size=128 * scale),
            optimiser=Optimiser(lr=1e-4, betas=(0.9, 0.999)),
            schedule=Schedule(name="multistep", milestones=(0.5,), gamma=0.1),
        ),
        train=TrainSettings(steps=200_000, batch=6, patch=128 * scale, validate_every=5000, checkpoint_every=1000),
    )


def gan_settings(batch: int) -> TrainSettings:
    """Return training settings for a GPU."""
    return TrainSettings(
        steps=600_000, batch=batch, patch=128, validate_every=5000, checkpoint_every=1000, log_every=100
    )


def with_small(
    recipe: Recipe, network: NetworkConfig, discriminator: DiscriminatorConfig = _THIN, robust: bool = True
) -> tuple[Recipe, Recipe]:
    """Return a preset and its small version for two CPU cores, with fewer and faster steps and VGG16 features.

    The small version has no steps in which only fusion layers learn: one hundredth of its adversarial stage is 6 steps.

    Args:
        recipe: The preset, which must be adversarial.
        network: Network of the small version.
        discriminator: Discriminator of the small version.
        robust: Whether the first stage of the small version replaces the L1 loss by the Charbonnier loss.
    """
    assert recipe.adversarial is not None  # noqa: S101
    second = recipe.adversarial.model_copy(
        update={
            "first_share": 0.8,
            "fusion_share": 0.0,
            "discriminator": discriminator,
            "optimiser": recipe.adversarial.optimiser.model_copy(update={"lr": 2e-4}),
            "schedule": Schedule(name="cosine", final_fraction=0.1),
        }
    )
    charbonnier = LossTerm(name="charbonnier")
    pixel = tuple(charbonnier if robust and term.name == "l1" else term for term in recipe.losses)
    facts = capabilities(network)
    patch = facts.training_patch * facts.scale if facts.training_patch else 96
    return recipe, recipe.model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": f"{recipe.name} with a small network: minutes on two CPU cores.",
            "network": network,
            "losses": pixel,
            "perceptual": "vgg16",
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "adversarial": second,
            "train": TrainSettings(steps=3000, batch=8, patch=patch, ema_decay=0.99, validate_every=500),
        }
    )

"""Presets for SINSR and SINSR-GB.

The adversarial stage has a loss with six terms. SINSR-GB adds the loss of its gradient branch in both stages.
"""

from sem_models.config.degradation import Degradation
from sem_models.config.networks.discriminators import StructureDiscriminatorConfig
from sem_models.config.networks.sinsr import SINSRConfig
from sem_models.config.presets.gan_super_resolution import gan_settings, with_small
from sem_models.config.presets.super_resolution import SCALES, Scale
from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, LossTerm, Optimiser, Schedule

_LOSSES = (
    LossTerm(name="charbonnier", weight=1.0),
    LossTerm(name="perceptual_levels", weight=0.1),
    LossTerm(name="gradient", weight=2.0),
    LossTerm(name="gradient2", weight=1.0),
    LossTerm(name="tv", weight=1e-3),
    LossTerm(name="dssim", weight=0.05),
)
_BRANCH = LossTerm(name="gradient_branch", weight=0.1)
_THIN = StructureDiscriminatorConfig(width=16, halvings=3)


def presets() -> list[Recipe]:
    """Return every preset of this file, larger scale first, each with a `-small` one for two CPU cores."""
    return [
        recipe
        for scale in SCALES
        for branch in (False, True)
        for recipe in with_small(_sinsr(scale, branch), _small_sinsr(scale, branch), _THIN)
    ]


def _small_sinsr(scale: Scale, branch: bool) -> SINSRConfig:
    return SINSRConfig(scale=scale, width=40, blocks=12, scale_blocks=1, high_width=24, gradient_branch=branch)


def _sinsr(scale: Scale, branch: bool) -> Recipe:
    losses = (*_LOSSES, _BRANCH) if branch else _LOSSES
    first = (LossTerm(name="charbonnier"), _BRANCH) if branch else (LossTerm(name="charbonnier"),)
    name, with_it = ("sinsr-gb", ", gradient branch") if branch else ("sinsr", "")
    return Recipe(
        name=f"{name}-x{scale}",
        summary=f"Structure-informed: three scales, attention{with_it}, six-part loss, output true to its input.",
        method="adversarial",
        network=SINSRConfig(scale=scale, gradient_branch=branch),
        losses=first,
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=Schedule(name="cosine", final_fraction=0.001),
        adversarial=Adversarial(losses=losses, gan="bce", discriminator=StructureDiscriminatorConfig()),
        train=gan_settings(batch=16),
    )

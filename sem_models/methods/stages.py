"""Stages of a run: stretches of training steps with their own parts, losses and learning rates."""

from dataclasses import dataclass

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, Optimiser, Schedule, learning_rate

RESTORER, DISCRIMINATOR, GRADIENT_DISCRIMINATOR, ENCODER = (
    "restorer",
    "discriminator",
    "gradient_discriminator",
    "encoder",
)
BACKWARD, BACKWARD_DISCRIMINATOR = "backward", "backward_discriminator"
"""The backward generator of a cycle, from the second domain to the first, and its discriminator."""
ADVERSARIAL = "adversarial"


@dataclass(frozen=True)
class Stage:
    """A stretch of training steps with its own parts and learning rates."""

    name: str
    first: int
    """Number of finished steps of the run when it begins."""
    steps: int
    parts: tuple[str, ...]
    """Networks that are updated in each step, in this order."""
    optimiser: Optimiser
    schedule: Schedule
    discriminator_rate: float = 1.0
    keeps_last: bool = False
    """Whether the newest weights count as the best, because PSNR cannot rank two states."""
    fusion: tuple[str, ...] = ()
    """Modules of the generator that learn in the first `fusion_steps` steps; its other modules are fixed meanwhile."""
    fusion_steps: int = 0

    @property
    def rate_setting(self) -> str:
        """The setting of the recipe that holds the learning rate."""
        return "adversarial.optimiser.lr" if self.name == ADVERSARIAL else "optimiser.lr"

    @property
    def end(self) -> int:
        """Number of finished steps of the run when it is over."""
        return self.first + self.steps

    def rate(self, part: str, step: int) -> float:
        """Return the learning rate of the update of `part` that follows `step` finished steps of the run."""
        rate = learning_rate(self.optimiser.lr, self.schedule, step - self.first, self.steps)
        return rate * self.discriminator_rate if "discriminator" in part else rate

    def learns(self, part: str, parameter: str, step: int) -> bool:
        """Whether the update of `part` that follows `step` finished steps of the run may change that parameter."""
        if part != RESTORER or step >= self.first + self.fusion_steps:
            return True
        return parameter.split(".")[0] in self.fusion


def one_stage(recipe: Recipe) -> tuple[Stage, ...]:
    """Return a single stage that trains the network alone."""
    # Validation shows each image on one random curve, which is too few contrasts to rank states of the network.
    one_contrast = recipe.degradation.grey_curve is not None
    return (
        Stage("train", 0, recipe.train.steps, (RESTORER,), recipe.optimiser, recipe.schedule, keeps_last=one_contrast),
    )


def two_stages(
    recipe: Recipe, first: str, opening: tuple[str, ...], discriminators: tuple[str, ...]
) -> tuple[Stage, ...]:
    """Return a stage without discriminators, if the recipe gives it any steps, and the adversarial stage.

    Args:
        recipe: A recipe with adversarial settings.
        first: Name of the stage without discriminators.
        opening: Parts of that stage.
        discriminators: Parts that follow the generator in the adversarial stage.
    """
    total, settings = recipe.train.steps, require_settings(recipe)
    before = min(round(total * settings.first_share), total - 1)
    last = Stage(
        name=ADVERSARIAL,
        first=before,
        steps=total - before,
        parts=(RESTORER, *discriminators),
        optimiser=settings.optimiser,
        schedule=settings.schedule,
        discriminator_rate=settings.discriminator_rate,
        keeps_last=True,
        fusion=capabilities(recipe.network).fusion,
        fusion_steps=round((total - before) * settings.fusion_share),
    )
    return (Stage(first, 0, before, opening, recipe.optimiser, recipe.schedule), last) if before else (last,)


def image_discriminators(recipe: Recipe) -> tuple[str, ...]:
    """Return the parts that discriminate: the one of images and, if it has a weight, the one of gradient maps."""
    weight = require_settings(recipe).gradient_weight
    return (DISCRIMINATOR, GRADIENT_DISCRIMINATOR) if weight else (DISCRIMINATOR,)


def require_settings(recipe: Recipe) -> Adversarial:
    """Return the adversarial settings, which validation of the recipe guarantees; raises a `ValueError` without."""
    if recipe.adversarial is None:
        raise ValueError(f"recipe {recipe.name!r} has no adversarial settings")
    return recipe.adversarial

"""Stages of a run: stretches of steps with parts, losses and rates of their own, in one run with one state."""

from dataclasses import dataclass

from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, Optimiser, Schedule, learning_rate

RESTORER, DISCRIMINATOR, GRADIENT_DISCRIMINATOR, ENCODER = (
    "restorer",
    "discriminator",
    "gradient_discriminator",
    "encoder",
)
BACKWARD, BACKWARD_DISCRIMINATOR = "backward", "backward_discriminator"
"""Of a cycle: the generator from sharp to degraded and the judge of what it draws."""
ADVERSARIAL = "adversarial"


@dataclass(frozen=True)
class Stage:
    """A stretch of a run."""

    name: str
    first: int
    """Finished steps when it begins."""
    steps: int
    parts: tuple[str, ...]
    """Networks that are updated in each step, in this order."""
    optimiser: Optimiser
    schedule: Schedule
    discriminator_rate: float = 1.0
    keeps_last: bool = False
    """Whether the newest weights count as the best: PSNR does not tell which of two GAN states is better."""

    @property
    def rate_setting(self) -> str:
        """Where the recipe says the learning rate."""
        return "adversarial.optimiser.lr" if self.name == ADVERSARIAL else "optimiser.lr"

    @property
    def end(self) -> int:
        """Finished steps when it is over."""
        return self.first + self.steps

    def rate(self, part: str, step: int) -> float:
        """Learning rate of the update of `part` that follows `step` finished steps of the run."""
        rate = learning_rate(self.optimiser.lr, self.schedule, step - self.first, self.steps)
        return rate * self.discriminator_rate if "discriminator" in part else rate


def one_stage(recipe: Recipe) -> tuple[Stage, ...]:
    """A single stage that trains the network alone."""
    return (Stage("train", 0, recipe.train.steps, (RESTORER,), recipe.optimiser, recipe.schedule),)


def two_stages(
    recipe: Recipe, first: str, opening: tuple[str, ...], discriminators: tuple[str, ...]
) -> tuple[Stage, ...]:
    """A stage without discriminators, where the recipe gives it any steps, and the adversarial one.

    Args:
        recipe: With adversarial settings.
        first: Name of the stage without discriminators.
        opening: Its parts.
        discriminators: Parts that follow the restorer in the adversarial stage.
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
    )
    return (Stage(first, 0, before, opening, recipe.optimiser, recipe.schedule), last) if before else (last,)


def image_discriminators(recipe: Recipe) -> tuple[str, ...]:
    """The discriminator of images and, where it has a weight, that of gradient maps."""
    weight = require_settings(recipe).gradient_weight
    return (DISCRIMINATOR, GRADIENT_DISCRIMINATOR) if weight else (DISCRIMINATOR,)


def require_settings(recipe: Recipe) -> Adversarial:
    """The adversarial settings, which the recipe's own validation guarantees."""
    if recipe.adversarial is None:
        raise ValueError(f"recipe {recipe.name!r} has no adversarial settings")
    return recipe.adversarial

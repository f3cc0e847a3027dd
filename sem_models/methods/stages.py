"""Stages of a run: stretches of steps with parts, losses and rates of their own, in one run with one state."""

from dataclasses import dataclass

from sem_models.config.recipe import MethodName, Recipe
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
_FIRST = {"adversarial": "pixel", "variational": "denoise"}


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


def stages(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a recipe in order; none is empty and together they have `train.steps` steps."""
    total, second = recipe.train.steps, recipe.adversarial
    if second is None:
        return (Stage("train", 0, total, (RESTORER,), recipe.optimiser, recipe.schedule),)
    before = min(round(total * second.first_share), total - 1)
    last = Stage(
        name=ADVERSARIAL,
        first=before,
        steps=total - before,
        parts=(RESTORER, *_adversarial(recipe.method, second)),
        optimiser=second.optimiser,
        schedule=second.schedule,
        discriminator_rate=second.discriminator_rate,
        keeps_last=True,
    )
    if not before:
        return (last,)
    opening = (RESTORER, ENCODER) if recipe.method == "variational" else (RESTORER,)
    return Stage(_FIRST[recipe.method], 0, before, opening, recipe.optimiser, recipe.schedule), last


def _adversarial(method: MethodName, settings: Adversarial) -> tuple[str, ...]:
    if method == "cycle":
        return DISCRIMINATOR, BACKWARD_DISCRIMINATOR
    return (DISCRIMINATOR, GRADIENT_DISCRIMINATOR) if settings.gradient_weight else (DISCRIMINATOR,)


def stage_at(recipe: Recipe, step: int) -> Stage:
    """The stage of the update that follows `step` finished ones."""
    found = [stage for stage in stages(recipe) if stage.first <= step]
    return found[-1]

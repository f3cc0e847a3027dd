"""A learning rate from a short range test: a step at each of many growing rates (Smith, WACV 2017, section 3.3)."""

from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import numpy as np

from sem_models.config.recipe import Recipe
from sem_models.config.training import Schedule
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.storage import load_weights
from sem_models.methods.stages import ADVERSARIAL, RESTORER, Stage
from sem_models.methods.table import stages
from sem_models.progress import Progress, silent
from sem_models.reporter import Silent
from sem_models.training.rate_curve import smooth, steepest
from sem_models.training.trainer import Trainer

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100
_RISE = 2.0
"""The test ends where the loss has risen by so many times the size of the first one, which may be negative."""


@dataclass(frozen=True)
class RateRange:
    """The loss at growing learning rates."""

    setting: str
    """The setting of the recipe that holds the learning rate."""
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """Loss of the step at each rate, before its update."""
    smoothed: tuple[float, ...]
    suggestion: float | None
    """The rate at which the smoothed loss falls most steeply; None if it does not fall clearly before it rises."""


def find_rate(recipe: Recipe, dataset: Dataset, initial: Path | None = None, progress: Progress = silent) -> RateRange:
    """Train one step at each of 100 rates from 1e-6 to 1, evenly spaced on a logarithmic axis, until the loss explodes.

    Args:
        recipe: As a training would get it.
        dataset: Its images are read as for a training.
        initial: The model folder that the training would start from.
        progress: Counts the steps.

    Raises:
        UserError: The recipe has only an adversarial stage, or as `train`.
    """
    stage = stages(recipe)[0]
    if stage.name == ADVERSARIAL:
        raise UserError(
            f"Recipe {recipe.name!r} begins with a discriminator, and such losses rise and fall whatever the learning "
            "rate is; a range test needs a stage of pixel losses."
        )
    tester = _Tester(recipe, dataset, Path(), Silent())
    if initial:
        tester.start_from(load_weights(initial))
    rates = np.geomspace(LOWEST, HIGHEST, STEPS)
    losses = tester.losses(stage, rates.tolist(), progress)
    used = rates[: len(losses)].tolist()
    smoothed = tuple(smooth(losses).tolist())
    return RateRange(stage.rate_setting, tuple(used), tuple(losses), smoothed, steepest(used, losses))


class _Tester(Trainer):
    """A trainer that trains at given rates and writes nothing."""

    def losses(self, stage: Stage, rates: list[float], progress: Progress) -> list[float]:
        """Return the loss of a step at each rate, in order, up to the first one at which it explodes."""
        self._optimiser_steps.begin(stage)
        found: list[float] = []
        for step, rate in enumerate(rates):
            optimiser = stage.optimiser.model_copy(update={"lr": rate})
            at_rate = replace(stage, optimiser=optimiser, schedule=Schedule(name="constant"))
            values = self._optimiser_steps(self._batches.next(), at_rate, stage.first)
            loss = float(values[f"train/{RESTORER}_total"])
            if not isfinite(loss) or (found and loss - found[0] > _RISE * abs(found[0])):
                break
            found.append(loss)
            progress(step + 1, len(rates), "steps trained")
        return found

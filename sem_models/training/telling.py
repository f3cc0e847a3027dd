"""What a training tells of its steps: losses, rates and speed, what to watch with its warnings, and how far it is."""

from collections.abc import Mapping

import torch

from sem_models.methods.base import Method
from sem_models.recipes.recipe import Recipe
from sem_models.training.pace import Pace
from sem_models.training.reporter import Reporter
from sem_models.training.watch import GanWatch


class Telling:
    """Reports every `train.log_every` steps, and progress about once a second."""

    def __init__(self, recipe: Recipe, method: Method, reporter: Reporter) -> None:
        """Nothing told yet."""
        self._settings, self._method, self._reporter = recipe.train, method, reporter
        self._watch = GanWatch()
        self.pace = Pace(recipe.train.validate_every)

    def step(self, step: int, values: Mapping[str, float], seconds: float, data_s: float) -> None:
        """Step number `step` (from 1) is done.

        Args:
            step: How many steps are done with it.
            values: Its weighted losses and learning rate, by metric name.
            seconds: What it took as a whole.
            data_s: What waiting for its batch took of that.
        """
        self.pace.step(seconds)
        if step % self._settings.log_every == 0:
            speed = {"speed/steps_per_s": self.pace.steps_per_s, "speed/data_ms": 1000 * data_s}
            self._report(step, {**values, **speed})
        if self.pace.due():
            total = self._settings.steps
            self._reporter.progress(step, total, self.pace.seconds_left(total - step))

    def end(self, step: int) -> None:
        """The run is over after `step` steps, whatever the reason."""
        self._reporter.progress(step, self._settings.steps, 0.0)

    def _report(self, step: int, values: dict[str, float]) -> None:
        seen = self._method.observations()
        watched = dict(zip(seen, torch.stack(list(seen.values())).tolist(), strict=True)) if seen else {}
        self._reporter.metrics(step, values | {f"watch/{name}": value for name, value in watched.items()})
        for topic, text in self._watch(watched):
            self._reporter.warning(step, topic, text)

"""Monitoring of training: losses, learning rates, speed and memory, warnings about a failing GAN, and progress."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from sem_models.config.recipe import Recipe
from sem_models.methods.base import Method
from sem_models.reporter import Reporter
from sem_models.tasks.table import find_task
from sem_models.training.memory_use import held_bytes


class StepLogger:
    """Reports metrics every `train.log_every` steps, and progress about once a second."""

    def __init__(self, recipe: Recipe, method: Method, reporter: Reporter, device: torch.device) -> None:
        """Start with nothing reported; `device` is that whose memory the training takes."""
        self._settings, self._method, self._reporter, self._device = recipe.train, method, reporter, device
        self._keeps_contrast = find_task(recipe).keeps_contrast
        self._watch = GanWatch()
        self.throughput = Throughput(recipe.train.validate_every)

    def is_due(self, step: int) -> bool:
        """Return whether the metrics of step `step`, counted from 1, are reported."""
        return step % self._settings.log_every == 0

    def step(self, step: int, rate: float, values: Mapping[str, Tensor], seconds: float, data_s: float) -> None:
        """Record a finished step.

        Args:
            step: Number of the step, counted from 1.
            rate: Its learning rate.
            values: Its weighted losses, by metric name; read from the device only if they are reported.
            seconds: Duration of the whole step.
            data_s: Seconds of it that were spent waiting for the batch.
        """
        self.throughput.step(seconds)
        if self.is_due(step):
            use = {
                "speed/steps_per_s": self.throughput.steps_per_s,
                "speed/data_ms": 1000 * data_s,
                "speed/memory_mib": held_bytes(self._device) / 2**20,
            }
            self._report(step, {"lr": rate, **_read(values), **use})
            self.throughput.begin_window()
        if self.throughput.due():
            total = self._settings.steps
            self._reporter.progress(step, total, self.throughput.seconds_left(total - step))

    def end(self, step: int) -> None:
        """Report that the run is over after `step` steps, for whatever reason."""
        self._reporter.progress(step, self._settings.steps, 0.0)

    def _report(self, step: int, values: dict[str, float]) -> None:
        seen = self._observations()
        watched = _read(seen)
        self._reporter.metrics(step, values | {f"watch/{name}": value for name, value in watched.items()})
        for topic, text in self._watch(watched):
            self._reporter.warning(step, topic, text)

    def _observations(self) -> dict[str, Tensor]:
        """Return the method's observations; for a task that keeps the contrast, `input_correlation` is `contrast`."""
        seen = self._method.observations()
        if self._keeps_contrast and "input_correlation" in seen:
            seen = {"contrast" if name == "input_correlation" else name: value for name, value in seen.items()}
        return seen


def _read(values: Mapping[str, Tensor]) -> dict[str, float]:
    """Read scalars by a single transfer, because each one makes the host wait for the device."""
    return dict(zip(values, torch.stack(list(values.values())).tolist(), strict=True)) if values else {}


class Throughput:
    """Mean duration of the training steps since the last report; validations are timed separately.

    Single durations mean nothing on a GPU: most steps only queue their work, and that of a report waits for all of it.
    """

    def __init__(self, validate_every: int) -> None:
        """Start without a measurement; there is a validation every `validate_every` steps."""
        self._validate_every = validate_every
        self._before_s: float | None = None
        self._seconds, self._steps = 0.0, 0
        self._validation_s = 0.0
        self._last_report = 0.0

    def step(self, seconds: float) -> None:
        """Record the duration of a training step."""
        self._seconds, self._steps = self._seconds + seconds, self._steps + 1

    def begin_window(self) -> None:
        """Begin a new mean, because everything so far has been reported."""
        self._before_s, self._seconds, self._steps = self._step_s, 0.0, 0

    def reset(self) -> None:
        """Forget past durations, because steps of a new stage take another time."""
        self._before_s, self._seconds, self._steps = None, 0.0, 0

    @property
    def _step_s(self) -> float | None:
        return self._seconds / self._steps if self._steps else self._before_s

    def validation(self, seconds: float) -> None:
        """Record the duration of a validation."""
        self._validation_s = seconds

    @property
    def steps_per_s(self) -> float:
        """Training steps per second; 0 before the first."""
        return 1 / self._step_s if self._step_s else 0.0

    def seconds_left(self, steps: int) -> float:
        """Estimate the time for `steps` more steps with their validations."""
        return steps * (self._step_s or 0.0) + steps / self._validate_every * self._validation_s

    def due(self) -> bool:
        """Return whether progress should be reported now: at most once a second."""
        now = time.monotonic()
        if now - self._last_report < 1:
            return False
        self._last_report = now
        return True


_PATIENCE = 10
"""Reports in a row with the same sign before a warning is given, because a single bad batch means nothing."""


@dataclass(frozen=True)
class _Sign:
    topic: str
    advice: str


_SATURATED = _Sign(
    "discriminator-saturated",
    "The {name} is certain which images are real (probability {real:.2f}) and which restored ({fake:.2f}), so the "
    "generator learns nothing from it. Lower adversarial.discriminator_rate or train the pixel stage longer.",
)
_COLLAPSED = _Sign(
    "mode-collapse",
    "Outputs of different inputs differ only {diversity:.0%} as much as their targets do: the generator gives nearly "
    "the same image for every input. Lower adversarial.weight or the learning rate.",
)
_INVERTED = _Sign(
    "contrast-inverted",
    "Outputs correlate negatively with their targets, or in a cycle with their inputs ({contrast:+.2f}): light and "
    "dark are exchanged. Raise the weight of a pixel loss, or cycle.identity.",
)
_CHECKERED = _Sign(
    "checkerboard",
    "Outputs have a checkerboard: a pattern of 2 or 4 px stands out {checkerboard:.0f} times as much as in "
    "their targets. Set network.upsampling=resize (and network.finish=convolutions) if the network has them, or lower "
    "adversarial.weight of a GAN.",
)
_SURE_REAL, _SURE_FAKE = 0.98, 0.02
_LEAST_DIVERSITY = 0.2
_MOST_CHECKERED = 4.0


class GanWatch:
    """Counts bad signs over reports; each gives one warning, and another one if it goes and comes back."""

    def __init__(self) -> None:
        """Start without any sign."""
        self._in_a_row: dict[str, int] = {}

    def __call__(self, seen: Mapping[str, float]) -> Iterator[tuple[str, str]]:
        """Yield topic and text of each warning that a report of observations leads to."""
        for sign, name, shows in _signs(seen):
            key = f"{sign.topic} {name}".strip()
            self._in_a_row[key] = self._in_a_row.get(key, 0) + 1 if shows else 0
            if self._in_a_row[key] == _PATIENCE:
                numbers = {part.rpartition("/")[2]: value for part, value in seen.items() if part.startswith(name)}
                yield key.replace(" ", "."), sign.advice.format(name=name.replace("_", " "), **{**seen, **numbers})


def _signs(seen: Mapping[str, float]) -> Iterator[tuple[_Sign, str, bool]]:
    for name in [key.removesuffix("/real") for key in seen if key.endswith("/real")]:
        sure = seen[f"{name}/real"] > _SURE_REAL and seen[f"{name}/fake"] < _SURE_FAKE
        yield _SATURATED, name, sure
    if "diversity" in seen:
        yield _COLLAPSED, "", seen["diversity"] < _LEAST_DIVERSITY
    if "contrast" in seen:
        yield _INVERTED, "", seen["contrast"] < 0
    if "checkerboard" in seen:
        yield _CHECKERED, "", seen["checkerboard"] > _MOST_CHECKERED

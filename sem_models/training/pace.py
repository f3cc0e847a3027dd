"""How fast a run is and how long it will still take."""

import time

_MEMORY = 0.9


class Pace:
    """Smoothed seconds a step, without validations; those are counted apart."""

    def __init__(self, validate_every: int) -> None:
        """`validate_every` steps there is a validation."""
        self._validate_every = validate_every
        self._step_s: float | None = None
        self._validation_s = 0.0
        self._last_told = 0.0

    def step(self, seconds: float) -> None:
        """A training step took so long."""
        self._step_s = seconds if self._step_s is None else _MEMORY * self._step_s + (1 - _MEMORY) * seconds

    def forget(self) -> None:
        """From now on steps take another time."""
        self._step_s = None

    def validation(self, seconds: float) -> None:
        """A validation took so long."""
        self._validation_s = seconds

    @property
    def steps_per_s(self) -> float:
        """Training steps a second, 0 before the first."""
        return 1 / self._step_s if self._step_s else 0.0

    def seconds_left(self, steps: int) -> float:
        """Estimate for so many more steps with their validations."""
        return steps * (self._step_s or 0.0) + steps / self._validate_every * self._validation_s

    def due(self) -> bool:
        """At most once a second: whether it is time to tell again."""
        now = time.monotonic()
        if now - self._last_told < 1:
            return False
        self._last_told = now
        return True

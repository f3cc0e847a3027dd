"""Keeps one bad batch from spoiling the weights, and says clearly when training has diverged."""

import math

from sem_models.errors import UserError

_PATIENCE = 10


class TrainingDiverged(UserError):
    """Losses or gradients were not finite many times in a row."""


class FiniteGuard:
    """Decides whether an update may be applied."""

    def __init__(self) -> None:
        """Nothing wrong so far."""
        self._in_a_row = 0

    @property
    def is_calm(self) -> bool:
        """Whether the last update was applied."""
        return self._in_a_row == 0

    def allows(self, step: int, loss: float, gradient_norm: float, setting: str, rate: float) -> bool:
        """Whether both numbers are finite; `setting` and `rate`, the present learning rate, go into the advice.

        Raises:
            TrainingDiverged: They were not for the tenth time in a row; the weights are as before the first.
        """
        if math.isfinite(loss) and math.isfinite(gradient_norm):
            self._in_a_row = 0
            return True
        self._in_a_row += 1
        if self._in_a_row < _PATIENCE:
            return False
        what = "loss" if not math.isfinite(loss) else "gradient"
        raise TrainingDiverged(
            f"Training diverged at step {step}: the {what} was not finite {_PATIENCE} times in a row. "
            f"Start a new run with a lower {setting} (now {rate:g}) or train.grad_clip; "
            "the best checkpoint so far is kept."
        )

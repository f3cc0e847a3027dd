"""One training step: every part of the stage is updated in turn, unless a loss or gradient is not finite."""

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from sem_models.errors import UserError
from sem_models.methods.base import Batch, Method
from sem_models.methods.optimisers import constants
from sem_models.methods.stages import Stage
from sem_models.training.hardware import bare

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class OptimiserSteps:
    """Applies the losses of a method to its networks."""

    def __init__(self, method: Method, fabric: "Fabric", grad_clip: float) -> None:
        """Prepare for updates; the gradients of an optimiser are clipped to the norm `grad_clip`."""
        self._method, self._fabric, self._grad_clip = method, fabric, grad_clip
        self._guards = {part: FiniteGuard() for part in method.optimisers}

    @property
    def are_sound(self) -> bool:
        """Whether the last losses and gradients were finite; otherwise the weights must not replace a checkpoint."""
        return all(guard.is_calm for guard in self._guards.values())

    def begin(self, stage: Stage) -> None:
        """Reset the optimisers of a new stage: no state from the stage before, and the constants of this one."""
        for part in stage.parts:
            optimiser = self._method.optimisers[part]
            optimiser.state.clear()
            for group in optimiser.param_groups:
                group.update(constants(stage.optimiser))

    def __call__(self, batch: Batch, stage: Stage, step: int) -> dict[str, float]:
        """Update all parts of the stage; returns weighted losses, their sums and gradient norms by metric name.

        Raises:
            TrainingDiverged: A loss or gradient was not finite ten times in a row.
        """
        values: dict[str, float] = {}
        for part in stage.parts:
            values |= self._update(part, batch, stage, step)
        return values

    def _update(self, part: str, batch: Batch, stage: Stage, step: int) -> dict[str, float]:
        """Update one part, or leave its weights untouched if the loss or the gradient is not finite."""
        optimiser = self._method.optimisers[part]
        rate = stage.rate(part, step)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        if stage.fusion_steps:
            self._fix_parameters(part, stage, step)
        losses = self._method.training_step(batch, part, stage)
        total = torch.stack(list(losses.values())).sum()
        self._fabric.backward(total)
        # An optimiser may update more than one network: both generators of a cycle learn in one step.
        learning = [parameter for group in optimiser.param_groups for parameter in group["params"]]
        norm = nn.utils.clip_grad_norm_(learning, self._grad_clip)
        # A single transfer, because each one makes the CPU wait for the GPU.
        *terms, total_value, norm_value = torch.stack([*losses.values(), total, norm]).detach().tolist()
        if self._guards[part].allows(step, total_value, norm_value, stage.rate_setting, rate):
            optimiser.step()
        values = {f"train/{name}": value for name, value in zip(losses, terms, strict=True)}
        return values | {f"train/{part}_total": total_value, f"grad_norm/{part}": norm_value}

    def _fix_parameters(self, part: str, stage: Stage, step: int) -> None:
        """Ask for gradients only of what may learn: an optimiser leaves parameters without a gradient untouched."""
        for name, parameter in bare(self._method.networks[part]).named_parameters():
            parameter.requires_grad_(stage.learns(part, name, step))


_PATIENCE = 10


class TrainingDiverged(UserError):
    """Losses or gradients were not finite many times in a row."""


class FiniteGuard:
    """Decides whether an update may be applied, and ends a training that diverged."""

    def __init__(self) -> None:
        """Start without a failure."""
        self._in_a_row = 0

    @property
    def is_calm(self) -> bool:
        """Whether the last update was applied."""
        return self._in_a_row == 0

    def allows(self, step: int, loss: float, gradient_norm: float, setting: str, rate: float) -> bool:
        """Return whether loss and gradient norm are finite; `setting` and `rate` (learning rate) go into the advice.

        Raises:
            TrainingDiverged: They were not finite for the tenth time in a row; the weights are as before the first.
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

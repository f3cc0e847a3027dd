"""One training step: every part of the stage is updated in turn, unless a loss or gradient is not finite."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sem_models.errors import UserError
from sem_models.methods.base import Batch, Method
from sem_models.methods.optimisers import constants, skips_by_itself
from sem_models.methods.stages import Stage
from sem_models.training.devices import average
from sem_models.training.hardware import bare

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class OptimiserSteps:
    """Applies the losses of a method to its networks."""

    def __init__(self, method: Method, fabric: "Fabric", grad_clip: float) -> None:
        """Prepare for updates; the gradients of an optimiser are clipped to the norm `grad_clip`."""
        self._method, self._fabric, self._grad_clip = method, fabric, grad_clip
        self._guards = {part: FiniteGuard(fabric.device) for part in method.optimisers}

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

    def __call__(self, batch: Batch, stage: Stage, step: int) -> dict[str, Tensor]:
        """Update all parts of the stage; returns weighted losses, their sums and gradient norms by metric name.

        Nothing waits for the device: the values are scalars on it, and an update that is not finite is skipped there.
        """
        values: dict[str, Tensor] = {}
        for part in stage.parts:
            values |= self._update(part, batch, stage, step)
        return values

    def refuse_divergence(self, stage: Stage, step: int) -> None:
        """Look at the losses and gradients of the steps so far, for which the host waits for the device.

        Raises:
            TrainingDiverged: They were not finite ten times in a row.
        """
        for part in stage.parts:
            self._guards[part].refuse_divergence(step, stage.rate_setting, stage.rate(part, step))

    def _update(self, part: str, batch: Batch, stage: Stage, step: int) -> dict[str, Tensor]:
        """Update one part, or leave its weights untouched if the loss or the gradient is not finite."""
        optimiser = self._method.optimisers[part]
        for group in optimiser.param_groups:
            group["lr"] = stage.rate(part, step)
        optimiser.zero_grad(set_to_none=True)
        if stage.fusion_steps:
            self._fix_parameters(part, stage, step)
        losses = self._method.training_step(batch, part, stage)
        total = torch.stack(list(losses.values())).sum()
        # An optimiser may update more than one network: both generators of a cycle learn in one step.
        learning = [p for group in optimiser.param_groups for p in group["params"] if p.requires_grad]
        self._fabric.backward(total, inputs=learning)
        told = average(self._fabric, learning, torch.stack([*losses.values(), total]).detach())
        norm = self._apply(part, optimiser, learning, told[-1])
        values = {f"train/{name}": value for name, value in zip([*losses, f"{part}_total"], told, strict=True)}
        return values | {f"grad_norm/{part}": norm}

    def _apply(self, part: str, optimiser: Optimizer, learning: list[nn.Parameter], total: Tensor) -> Tensor:
        """Clip the gradients and apply them if they and the loss are finite; returns their norm."""
        norm = nn.utils.get_total_norm([p.grad for p in learning if p.grad is not None])
        finite = self._guards[part].sees(total, norm)
        if skips_by_itself(optimiser):
            inner: Any = getattr(optimiser, "optimizer", optimiser)
            inner.found_inf = (~finite).float()
            inner.grad_scale = ((norm + _SMALL) / self._grad_clip).clamp(min=1)
            optimiser.step()
        elif finite:
            nn.utils.clip_grads_with_norm_(learning, self._grad_clip, norm)
            optimiser.step()
        return norm

    def _fix_parameters(self, part: str, stage: Stage, step: int) -> None:
        """Ask for gradients only of what may learn: an optimiser leaves parameters without a gradient untouched."""
        for name, parameter in bare(self._method.networks[part]).named_parameters():
            parameter.requires_grad_(stage.learns(part, name, step))


_PATIENCE = 10
_SMALL = 1e-6
"""Added to a norm that is divided by, as in `clip_grads_with_norm_`."""


class TrainingDiverged(UserError):
    """Losses or gradients were not finite many times in a row."""


class FiniteGuard:
    """Counts, on the device, losses and gradients that are not finite, and ends a training that diverged."""

    def __init__(self, device: torch.device) -> None:
        """Start without a failure."""
        self._in_a_row, self._most, self._bad_losses = (
            torch.zeros((), dtype=torch.int64, device=device) for _ in range(3)
        )

    @property
    def is_calm(self) -> bool:
        """Whether the last update was applied; the host waits for the device."""
        return not bool(self._in_a_row)

    def sees(self, loss: Tensor, gradient_norm: Tensor) -> Tensor:
        """Return whether both scalars are finite, a boolean scalar on the device."""
        sound = loss.isfinite()
        finite = sound & gradient_norm.isfinite()
        self._in_a_row = (self._in_a_row + 1) * ~finite
        self._bad_losses = (self._bad_losses + ~sound) * ~finite
        self._most = torch.maximum(self._most, self._in_a_row)
        return finite

    def refuse_divergence(self, step: int, setting: str, rate: float) -> None:
        """Wait for the device; `setting` and `rate` (learning rate) go into the advice.

        Raises:
            TrainingDiverged: Updates were not finite ten times in a row; the weights are as before the first.
        """
        most, bad_losses = torch.stack([self._most, self._bad_losses]).tolist()
        if most < _PATIENCE:
            return
        what = "loss" if bad_losses else "gradient"
        raise TrainingDiverged(
            f"Training diverged at step {step}: the {what} was not finite {_PATIENCE} times in a row. "
            f"Start a new run with a lower {setting} (now {rate:g}) or train.grad_clip; "
            "the best checkpoint so far is kept."
        )

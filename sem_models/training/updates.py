"""One step of training: every part of the stage updated in turn, unless a number is not finite."""

import torch
from lightning_fabric import Fabric
from torch import nn

from sem_models.methods.base import Batch, Method
from sem_models.training.guard import FiniteGuard
from sem_models.training.optimisers import constants
from sem_models.training.stages import Stage


class Updates:
    """Applies the losses of a method to its networks."""

    def __init__(self, method: Method, fabric: Fabric, grad_clip: float) -> None:
        """`grad_clip` is the largest gradient norm of a network."""
        self._method, self._fabric, self._grad_clip = method, fabric, grad_clip
        self._guards = {part: FiniteGuard() for part in method.optimisers}

    @property
    def are_sound(self) -> bool:
        """Weights that gave a number that is not finite must not replace the last good checkpoint."""
        return all(guard.is_calm for guard in self._guards.values())

    def begin(self, stage: Stage) -> None:
        """A stage has an optimiser of its own: no memory of the stage before, its own constants."""
        for part in stage.parts:
            optimiser = self._method.optimisers[part]
            optimiser.state.clear()
            for group in optimiser.param_groups:
                group.update(constants(stage.optimiser))

    def __call__(self, batch: Batch, stage: Stage, step: int) -> dict[str, float]:
        """Weighted losses, their sums and gradient norms, by the names of their curves.

        Raises:
            TrainingDiverged: A loss or gradient was not finite too many times in a row.
        """
        values: dict[str, float] = {}
        for part in stage.parts:
            values |= self._update(part, batch, stage, step)
        return values

    def _update(self, part: str, batch: Batch, stage: Stage, step: int) -> dict[str, float]:
        """One update of one part; skipped, with the weights untouched, where a number is not finite."""
        optimiser = self._method.optimisers[part]
        rate = stage.rate(part, step)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        losses = self._method.training_step(batch, part, stage)
        total = torch.stack(list(losses.values())).sum()
        self._fabric.backward(total)
        # An optimiser may drive more than one network: both generators of a cycle learn in one step.
        learning = [parameter for group in optimiser.param_groups for parameter in group["params"]]
        norm = nn.utils.clip_grad_norm_(learning, self._grad_clip)
        # One transfer for all numbers: each would make the host wait for the device.
        *terms, total_value, norm_value = torch.stack([*losses.values(), total, norm]).detach().tolist()
        if self._guards[part].allows(step, total_value, norm_value, stage.rate_setting, rate):
            optimiser.step()
        values = {f"train/{name}": value for name, value in zip(losses, terms, strict=True)}
        return values | {f"train/{part}_total": total_value, f"grad_norm/{part}": norm_value}

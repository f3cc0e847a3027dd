"""DDPM (Ho, Jain and Abbeel, NeurIPS 2020): predict the added noise from a noisy image, its time step and a condition.

For classifier-free guidance (Ho and Salimans, 2022) the condition of some images is dropped, so that one network learns
both the conditional and the unconditional prediction.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.inference.diffusion.noise_schedule import ForwardProcess, signed
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch, Method
from sem_models.methods.objective import Objective
from sem_models.methods.stages import RESTORER, Stage

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Diffusion(Method):
    """Learns to separate noise from image at every time step; `target` is the image, `input` its condition."""

    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        assembly = Assembly(fabric)
        assembly.add_network(RESTORER, recipe)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        self._settings = recipe.diffusion or DiffusionSettings()
        self._forward = ForwardProcess(self._settings)
        self._conditional = capabilities(recipe.network).channels_in > 0
        self._objective = Objective(recipe, recipe.losses)

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses between the noise (or velocity) and the network's prediction of it."""
        x_0 = signed(batch["target"])
        device, count = x_0.device, len(x_0)
        # On the CPU, because checkpoints hold the state of its generator.
        t = torch.randint(self._settings.timesteps, (count,)).to(device)
        noise = torch.randn(x_0.shape).to(device)
        kept = (torch.rand(count) >= self._settings.drop_condition).to(device)
        condition = batch["input"] if self._conditional else None
        predicted = self.networks[part](self._forward.noised(x_0, noise, t), t, condition, kept)
        return self._objective.compare(predicted, self._forward.wanted(x_0, noise, t))

"""Segmentation: one network gives a logit a class and pixel, compared with the label map."""

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from sem_models.config.recipe import Recipe
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch
from sem_models.methods.objective import Objective
from sem_models.methods.stages import RESTORER, Stage


class Segmentation:
    """Learns (N, C, p, p) images to (N, K, p, p) logits by the losses of the recipe."""

    def __init__(self, recipe: Recipe, fabric: Fabric) -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        assembly = Assembly(fabric)
        assembly.add_network(RESTORER, recipe)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        self._objective = Objective(recipe, recipe.losses)
        self._seen: dict[str, Tensor] = {}

    @property
    def network(self) -> nn.Module:
        """The only network."""
        return self.networks[RESTORER]

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:  # noqa: ARG002
        """Weighted losses by name."""
        logits, losses = self._objective(self.networks[part], batch["input"], batch["target"])
        with torch.no_grad():
            self._seen = {"pixel_accuracy": (logits.argmax(1) == batch["target"].argmax(1)).float().mean()}
        return losses

    def observations(self) -> dict[str, Tensor]:
        """The fraction of pixels of the last batch whose likeliest class was right."""
        return dict(self._seen)

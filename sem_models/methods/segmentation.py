"""Segmentation: a network gives one logit for each class and pixel, which losses compare with the label map."""

from typing import TYPE_CHECKING

from torch import Tensor

from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.losses.segmentation import LOGIT_LOSSES
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch, Method
from sem_models.methods.objective import Objective
from sem_models.methods.stages import RESTORER, Stage

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Segmentation(Method):
    """Learns to map (N, C, p, p) images to (N, K, p, p) logits of K classes by the losses of the recipe."""

    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        assembly = Assembly(fabric)
        assembly.add_network(RESTORER, recipe)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        self._objective = Objective(recipe, recipe.losses)
        self._seen: tuple[Tensor, Tensor] | None = None

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raise a `UserError` for a loss that compares images."""
        unsuited = [term.name for term in recipe.losses if term.name not in LOGIT_LOSSES]
        if unsuited:
            known = " and ".join(LOGIT_LOSSES)
            raise UserError(f"Loss {unsuited[0]!r} compares images, but a segmentation gives logits; use {known}.")

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses by name."""
        logits, losses = self._objective(self.networks[part], batch["input"], batch["target"])
        self._seen = logits.detach(), batch["target"]
        return losses

    def observations(self) -> dict[str, Tensor]:
        """Return the fraction of pixels of the last batch whose most likely class was right."""
        if self._seen is None:
            return {}
        logits, target = self._seen
        return {"pixel_accuracy": (logits.argmax(1) == target.argmax(1)).float().mean()}

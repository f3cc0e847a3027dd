"""Supervised learning: one network, one optimiser, a weighted sum of losses against the target."""

from typing import TYPE_CHECKING

from torch import Tensor

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch, Method
from sem_models.methods.health import checkerboard
from sem_models.methods.objective import Objective
from sem_models.methods.stages import RESTORER, Stage

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Supervised(Method):
    """Learns to map input to target by the losses of the recipe."""

    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        assembly = Assembly(fabric)
        assembly.add_network(RESTORER, recipe)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        self._objective = Objective(recipe, recipe.losses)
        self._watches = capabilities(recipe.network).size_multiple > 1
        self._seen: tuple[Tensor, Tensor] | None = None

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses by name."""
        output, losses = self._objective(self.networks[part], batch["input"], batch["target"])
        if self._watches:
            self._seen = output.detach(), batch["target"]
        return losses

    def observations(self) -> dict[str, Tensor]:
        """Return how far a checkerboard stands out, for networks that halve and double: their dotted edges."""
        return {"checkerboard": checkerboard(*self._seen)} if self._seen else {}

"""A trained model in memory: a network and the recipe that made it."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from sem_models.networks.capabilities import Capabilities
from sem_models.networks.table import capabilities
from sem_models.recipes.recipe import Recipe

Direction = Literal["forward", "backward"]
"""Of a cycle: from the first domain to the second, or back. All other models are `forward`."""


@dataclass(frozen=True)
class RestorationModel:
    """A network with its recipe, ready for the predictor."""

    recipe: Recipe
    network: nn.Module
    name: str
    direction: Direction = "forward"

    @property
    def summary(self) -> str:
        """What the recipe says of itself, and of a backward generator which way it goes."""
        back = " This one goes back: from the second domain of its training to the first."
        return self.recipe.summary + (back if self.direction == "backward" else "")

    @property
    def capabilities(self) -> Capabilities:
        """What the predictor must know."""
        return capabilities(self.recipe.network)

    def __call__(self, x: Tensor) -> Tensor:
        """(N, C, H, W) float32 unit intensities to (N, C', H x scale, W x scale)."""
        result: Tensor = self.network(x)
        return result

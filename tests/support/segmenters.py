"""Stand-ins for trained segmentation models."""

import torch
from torch import Tensor

from sem_models.config.degradation import Degradation
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.tasks.compatibility import adapt
from tests.support.masked_sets import GREY_OF_CLASS
from tests.support.small_recipes import narrow

AS_IT_IS = Degradation(scale=1)


class ByGrey:
    """A perfect model: segments by grey level, or gives each class its grey level."""

    name = "by-grey"

    def __init__(self, recipe: Recipe, blind_to: int | None = None) -> None:
        self.recipe, self.blind_to = recipe, blind_to

    @property
    def capabilities(self) -> Capabilities:
        facts = capabilities(self.recipe.network)
        return Capabilities(facts.channels_in, facts.channels_out, 1, 0)

    def __call__(self, x: Tensor) -> Tensor:
        greys = torch.from_numpy(GREY_OF_CLASS / 255).float()[:, None, None]
        if self.recipe.task == "synthesis":
            return (x * greys).sum(1, keepdim=True)
        logits = -(x - greys).abs()
        if self.blind_to is not None:
            logits[:, self.blind_to] = -9
        return logits


def ready(name: str, dataset: Dataset) -> Recipe:
    return adapt(narrow(find_recipe(name)), dataset.manifest)

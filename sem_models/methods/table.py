"""The table of methods: one line each."""

from collections.abc import Callable

from lightning_fabric import Fabric

from sem_models.methods.base import Method
from sem_models.methods.supervised import Supervised
from sem_models.recipes import Recipe

METHODS: dict[str, Callable[[Recipe, Fabric], Method]] = {
    "supervised": Supervised,
}


def build_method(recipe: Recipe, fabric: Fabric) -> Method:
    """Networks and optimisers of the recipe's method on the device of `fabric`."""
    return METHODS[recipe.method](recipe, fabric)

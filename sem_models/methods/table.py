"""The table of methods: one line each."""

from collections.abc import Callable

from lightning_fabric import Fabric

from sem_models.config.recipe import Recipe
from sem_models.methods.adversarial import AdversarialRestoration
from sem_models.methods.base import Method
from sem_models.methods.blind_spot import BlindSpotRestoration
from sem_models.methods.cycle import Cycle
from sem_models.methods.diffusion import Diffusion
from sem_models.methods.noise2noise import Noise2Noise
from sem_models.methods.segmentation import Segmentation
from sem_models.methods.supervised import Supervised
from sem_models.methods.variational import Variational

METHODS: dict[str, Callable[[Recipe, Fabric], Method]] = {
    "supervised": Supervised,
    "adversarial": AdversarialRestoration,
    "variational": Variational,
    "cycle": Cycle,
    "blind-spot": BlindSpotRestoration,
    "noise2noise": Noise2Noise,
    "diffusion": Diffusion,
    "segmentation": Segmentation,
}


def build_method(recipe: Recipe, fabric: Fabric) -> Method:
    """Networks and optimisers of the recipe's method on the device of `fabric`."""
    return METHODS[recipe.method](recipe, fabric)

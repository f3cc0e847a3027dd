"""The table of methods, one line for each."""

from typing import TYPE_CHECKING

from sem_models.config.recipe import Recipe
from sem_models.methods.adversarial import AdversarialRestoration
from sem_models.methods.base import Method
from sem_models.methods.blind_network import BlindNetwork
from sem_models.methods.blind_spot import BlindSpotRestoration
from sem_models.methods.cycle import Cycle
from sem_models.methods.diffusion import Diffusion
from sem_models.methods.noise2noise import Noise2Noise
from sem_models.methods.segmentation import Segmentation
from sem_models.methods.stages import Stage
from sem_models.methods.supervised import Supervised
from sem_models.methods.variational import Variational

if TYPE_CHECKING:
    from lightning_fabric import Fabric

METHODS: dict[str, type[Method]] = {
    "supervised": Supervised,
    "adversarial": AdversarialRestoration,
    "variational": Variational,
    "cycle": Cycle,
    "blind-spot": BlindSpotRestoration,
    "blind-network": BlindNetwork,
    "noise2noise": Noise2Noise,
    "diffusion": Diffusion,
    "segmentation": Segmentation,
}


def find_method(recipe: Recipe) -> type[Method]:
    """Return the method class of a recipe."""
    return METHODS[recipe.method]


def build_method(recipe: Recipe, fabric: "Fabric") -> Method:
    """Build the recipe's method with its networks and optimisers on the device of `fabric`."""
    return find_method(recipe)(recipe, fabric)


def stages(recipe: Recipe) -> tuple[Stage, ...]:
    """Return the stages of a recipe in order; none is empty and their steps add up to `train.steps`."""
    return find_method(recipe).stages(recipe)


def stage_at(recipe: Recipe, step: int) -> Stage:
    """Return the stage of the update that follows `step` finished steps of the run."""
    found = [stage for stage in stages(recipe) if stage.first <= step]
    return found[-1]

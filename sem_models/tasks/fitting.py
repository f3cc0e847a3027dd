"""Which recipes fit what somebody has, and why the others do not."""

from sem_models.config.networks.table import capabilities
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Manifest
from sem_models.errors import Message, UserError
from sem_models.tasks.compatibility import adapt, check_compatible, refuse_ignored
from sem_models.tasks.material import Material
from sem_models.tasks.table import find_task


def channel_changes(recipe: Recipe, manifest: Manifest) -> list[str]:
    """Return `network.channels_in=6` where the inputs of pairs have other channels than the network takes."""
    task = find_task(recipe)
    learned = task.learned_from(recipe, manifest)
    if not task.takes_images or not learned.layout.is_paired or not hasattr(recipe.network, "channels_in"):
        return []
    found = learned.entries[0].array("input").shape[2]
    return [f"network.channels_in={found}"] if found != capabilities(recipe.network).channels_in else []


def fitted(recipe: Recipe, manifest: Manifest) -> Recipe:
    """Return the recipe as it would learn from the dataset: its intensity limits, classes and channels."""
    adapted = adapt(recipe, manifest)
    return override(adapted, channel_changes(adapted, manifest))


def incompatibility(recipe: Recipe, manifest: Manifest) -> Message | None:
    """Say why the training could not start; None where it can."""
    try:
        refuse_ignored(recipe, manifest)
        check_compatible(recipe, manifest)
    except UserError as error:
        return error.message
    return None


def why_not(recipe: Recipe, manifest: Manifest, material: Material) -> Message | None:
    """Say why a recipe does not fit a dataset of such images; None where it does.

    Args:
        recipe: A preset, which is completed for the dataset first.
        manifest: Describes the dataset.
        material: What its images are like.
    """
    try:
        recipe = fitted(recipe, manifest)
    except UserError as error:
        return error.message
    if problem := incompatibility(recipe, manifest):
        return problem
    reason = find_task(recipe).unsuitable(recipe, material)
    return Message(reason) if reason else None

"""Recipes whose input or target is a label map, and how they learn of the classes of a dataset."""

from typing import Any

from sem_models.data.manifest import Manifest
from sem_models.networks.table import capabilities
from sem_models.recipes.recipe import Recipe


def takes_labels(recipe: Recipe) -> bool:
    """Whether masks are the input or the target; a synthesis without channels in is unconditional and takes none."""
    return recipe.task == "segmentation" or (
        recipe.task == "synthesis" and capabilities(recipe.network).channels_in > 0
    )


def with_labels(recipe: Recipe, manifest: Manifest) -> Recipe:
    """The recipe for the classes of a dataset: their raw values, and as many channels in (synthesis) or out."""
    if not takes_labels(recipe) or not manifest.label_values:
        return recipe
    content: dict[str, Any] = recipe.model_dump()
    content["labels"] = manifest.label_values
    side = "channels_in" if recipe.task == "synthesis" else "channels_out"
    content["network"][side] = len(manifest.label_values)
    return Recipe.model_validate(content)

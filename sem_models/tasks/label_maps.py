"""Tasks on label maps: a mask becomes a micrograph (synthesis), or a micrograph a mask (segmentation)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Manifest, Role
from sem_models.errors import UserError
from sem_models.losses.segmentation import LOGIT_LOSSES
from sem_models.methods.base import Batch


def require_labels(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse a dataset without the masks that a recipe learns from, or with other classes.

    Raises:
        UserError: No masks, masks from before they were stored as classes, or another number of channels.
    """
    name = manifest.name
    if manifest.kind != "masked":
        raise UserError(f"Recipe {recipe.name!r} learns from masks, which {name!r} has not; prepare it --kind masked.")
    if not manifest.label_values:
        raise UserError(f"The masks of {name!r} were not stored as classes; delete the dataset and prepare it again.")
    _require_method(recipe)
    facts, count = capabilities(recipe.network), len(manifest.label_values)
    side = "channels_in" if recipe.task == "synthesis" else "channels_out"
    if getattr(facts, side) != count:
        raise UserError(
            f"The masks of {name!r} have {count} classes, but the network {getattr(facts, side)}; "
            f"use --set network.{side}={count}."
        )
    if recipe.labels and recipe.labels != manifest.label_values:
        raise UserError(
            f"The classes of {name!r} are the labels {manifest.label_values}, those of the recipe {recipe.labels}; "
            "prepare the masks with the same labels."
        )


def _require_method(recipe: Recipe) -> None:
    if (recipe.method == "segmentation") != (recipe.task == "segmentation"):
        raise UserError(f"Method {recipe.method} does not go with task {recipe.task}; choose a preset of that task.")
    strange = [term.name for term in recipe.losses if term.name not in LOGIT_LOSSES]
    if recipe.method == "segmentation" and strange:
        raise UserError(
            f"Loss {strange[0]!r} compares images, where a segmentation gives logits; use {' and '.join(LOGIT_LOSSES)}."
        )


def label_roles(recipe: Recipe) -> tuple[Role, ...]:
    """What the bank must hold."""
    return ("image", "mask") if takes_labels(recipe) else ("image",)


def label_batch(recipe: Recipe, given: Tensor, clean: Tensor, mask: Tensor) -> Batch:
    """`input` and `target` of a task on label maps.

    Args:
        recipe: Its labels say how many classes there are.
        given: (N, 1, p, p) unit intensities as a microscope gives them.
        clean: (N, 1, p, p), the same without simulated noise.
        mask: (N, 1, p, p) class indices as float32.
    """
    facts = capabilities(recipe.network)
    if recipe.task == "synthesis":
        return {"input": one_hot(mask, facts.channels_in), "target": clean}
    return {"input": given, "target": one_hot(mask, facts.channels_out)}


def one_hot(mask: Tensor, classes: int) -> Tensor:
    """(N, 1, H, W) class indices to (N, classes, H, W) float32."""
    return F.one_hot(mask[:, 0].round().to(torch.int64), classes).permute(0, 3, 1, 2).float().contiguous()


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

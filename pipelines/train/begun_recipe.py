"""The recipe of a training that goes on from learned weights; pages ask for it, and need no store to get it."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sem_models.errors import SettingRef, UserError

if TYPE_CHECKING:
    from sem_models.config.networks.table import NetworkConfig
    from sem_models.config.recipe import Recipe

_EXCHANGEABLE: Final = ("scale", "channels_in", "channels_out", "auxiliary")
"""What the networks of a recipe and of the model that it starts from have to have in common."""


def begun_from(recipe: "Recipe", source: Path) -> "Recipe":
    """Return the recipe as it goes on from the model in the folder `source`: with its network, without its stage.

    The network of a preset gives way to one that takes and gives images of the same sizes and channels, so that any
    method can go on from any model that it can train. A network that was set by hand has to be that of the model.

    Raises:
        UserError: The model in `source` has another network.
    """
    from sem_models.inference.model_folder import read_recipe

    theirs = read_recipe(source).network
    if theirs != recipe.network:
        _require_exchangeable(recipe, theirs)
    return without_first_stage(recipe.model_copy(update={"network": theirs}))


def _require_exchangeable(recipe: "Recipe", theirs: "NetworkConfig") -> None:
    from sem_models.config.networks.table import capabilities
    from sem_models.config.presets.table import RECIPES

    preset = RECIPES.get(recipe.name)
    ours, other = capabilities(recipe.network), capabilities(theirs)
    alike = all(getattr(ours, name) == getattr(other, name) for name in _EXCHANGEABLE)
    if alike and preset and recipe.network == preset.network:
        return
    if theirs.kind != recipe.network.kind:
        raise UserError(
            f"The model to start from has another network, {theirs.kind} and not {recipe.network.kind}, which cannot "
            "take its place here. Choose another recipe, or leave the settings of its network as they are."
        )
    differing = sorted(
        key for key, value in recipe.network.model_dump().items() if theirs.model_dump().get(key) != value
    )
    raise UserError(
        f"The model to start from has another network, with other values of {', '.join(differing)}. Choose a "
        "recipe with the same network, or change it with ",
        SettingRef("network.KEY", "VALUE"),
        ".",
    )


def without_first_stage(recipe: "Recipe") -> "Recipe":
    """Keep only the adversarial stage with its steps, at least one; recipes of one stage stay as they are."""
    if recipe.adversarial is None:
        return recipe
    from sem_models.methods.table import stages

    steps = stages(recipe)[-1].steps
    return recipe.model_copy(
        update={
            "adversarial": recipe.adversarial.model_copy(update={"first_share": 0.0}),
            "train": recipe.train.model_copy(update={"steps": steps}),
        }
    )

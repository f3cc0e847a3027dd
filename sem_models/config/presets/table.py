"""The table of presets."""

from sem_models.config.presets import (
    blind_networks,
    contrast_agnostic,
    denoising,
    diffusion,
    gan_super_resolution,
    inpainting,
    refocusing,
    segmentation,
    self_supervised,
    sinsr,
    starters,
    super_resolution,
    synthesis,
    translation,
    unpaired,
)
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.names import quoted
from sem_models.suggestions import did_you_mean

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *super_resolution.presets(),
        *gan_super_resolution.presets(),
        *sinsr.presets(),
        *denoising.presets(),
        *unpaired.presets(),
        *self_supervised.presets(),
        *blind_networks.presets(),
        *refocusing.presets(),
        *diffusion.presets(),
        *segmentation.presets(),
        *synthesis.presets(),
        *translation.presets(),
        *contrast_agnostic.presets(),
        *inpainting.presets(),
        *starters.presets(),
    )
}


def find_recipe(name: str) -> Recipe:
    """Return the preset of that name.

    Raises:
        UserError: There is no such preset; the message names similar ones.
    """
    if name not in RECIPES:
        raise UserError(f"There is no recipe {quoted(name)}. {did_you_mean(name, RECIPES)}")
    return RECIPES[name]

"""The table of presets."""

from sem_models.config.presets import (
    denoising,
    diffusion,
    gan_super_resolution,
    inpainting,
    refocusing,
    segmentation,
    self_supervised,
    sinsr,
    super_resolution,
    synthesis,
    translation,
    unpaired,
)
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *super_resolution.presets(),
        *gan_super_resolution.presets(),
        *sinsr.presets(),
        *denoising.presets(),
        *unpaired.presets(),
        *self_supervised.presets(),
        *refocusing.presets(),
        *diffusion.presets(),
        *segmentation.presets(),
        *synthesis.presets(),
        *translation.presets(),
        *inpainting.presets(),
    )
}


def find_recipe(name: str) -> Recipe:
    """Return the preset of that name.

    Raises:
        UserError: There is no such preset; the message lists all names.
    """
    if name not in RECIPES:
        raise UserError(f"Unknown recipe {name!r}: use one of {', '.join(RECIPES)}.")
    return RECIPES[name]

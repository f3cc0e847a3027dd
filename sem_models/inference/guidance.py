"""What guidance asks of a diffusion model: that it knows images without their condition, too."""

from sem_models.errors import UserError
from sem_models.networks.table import capabilities
from sem_models.recipes.recipe import Recipe


def require_unconditional(recipe: Recipe, name: str, with_condition: bool = True) -> None:
    """Refuse to ask a model for what it never learned.

    Args:
        recipe: What it was, or is to be, trained by.
        name: Of the model.
        with_condition: Whether it is given one; without any it has to draw after none.

    Raises:
        UserError: The unconditional prediction is needed, and in training no condition is ever taken away.
    """
    diffusion = recipe.diffusion
    if diffusion is None or diffusion.drop_condition or not capabilities(recipe.network).channels_in:
        return
    weight = diffusion.sampling.guidance
    if with_condition and weight == 1:
        return
    asked = f"guidance {weight:g}" if with_condition else "drawing without a condition"
    raise UserError(
        f"{name} learns with diffusion.drop_condition=0 and so never sees an image without its condition, which "
        f"{asked} needs; leave diffusion.sampling.guidance at 1, or train it with diffusion.drop_condition=0.1."
    )

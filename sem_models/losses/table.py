"""The table of losses. A new loss is a function and a line in this table."""

from collections.abc import Callable

from torch import Tensor

from sem_models.errors import UserError
from sem_models.losses import perceptual, pixel, segmentation, structure

Loss = Callable[[Tensor, Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "l1": pixel.l1,
    "mse": pixel.mse,
    "charbonnier": pixel.charbonnier,
    "log_mse": pixel.log_mse,
    "bce": pixel.bce,
    "gradient": structure.gradient,
    "gradient2": structure.gradient2,
    "gradient_map": structure.gradient_map,
    "tv": structure.total_variation,
    "dssim": structure.dissimilarity,
    "cross_entropy": segmentation.cross_entropy,
    "soft_dice": segmentation.soft_dice,
    "perceptual_vgg19": perceptual.perceptual_vgg19,
    "perceptual_vgg16": perceptual.perceptual_vgg16,
    "perceptual_levels_vgg19": perceptual.perceptual_levels_vgg19,
    "perceptual_levels_vgg16": perceptual.perceptual_levels_vgg16,
}


def find_loss(name: str) -> Loss:
    """Return the loss of that name.

    Raises:
        UserError: There is no such loss; the message lists all names.
    """
    if name not in LOSSES:
        raise UserError(f"Unknown loss {name!r} in the recipe: use one of {', '.join(LOSSES)}.")
    return LOSSES[name]

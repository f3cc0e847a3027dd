"""The table of losses: one line each. Adding a loss means one function and one line here."""

from collections.abc import Callable

from torch import Tensor

from sem_models.errors import UserError
from sem_models.losses import pixel

Loss = Callable[[Tensor, Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "l1": pixel.l1,
    "mse": pixel.mse,
    "charbonnier": pixel.charbonnier,
}


def find_loss(name: str) -> Loss:
    """The loss of that name; a `UserError` lists the known names."""
    if name not in LOSSES:
        raise UserError(f"Unknown loss {name!r} in the recipe: use one of {', '.join(LOSSES)}.")
    return LOSSES[name]

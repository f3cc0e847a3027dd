"""What a score is worth: methods that learn nothing, in the same table as every model."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from sem_models.errors import UserError
from sem_models.networks.capabilities import Capabilities
from sem_models.physics.downsampling import cubic_halo, upsample


@dataclass(frozen=True)
class Bicubic:
    """Cubic enlargement (Keys, a = -0.5)."""

    scale: int
    name: str = "floor:bicubic"

    @property
    def capabilities(self) -> Capabilities:
        """Halo of the cubic."""
        return Capabilities(1, 1, self.scale, cubic_halo(self.scale))

    def __call__(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H x scale, W x scale)."""
        return upsample(x, self.scale)


@dataclass(frozen=True)
class Identity:
    """The input itself; where the output is larger, each pixel repeated."""

    scale: int
    name: str = "floor:identity"

    @property
    def capabilities(self) -> Capabilities:
        """No halo."""
        return Capabilities(1, 1, self.scale, 0)

    def __call__(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H x scale, W x scale)."""
        return F.interpolate(x, scale_factor=self.scale, mode="nearest") if self.scale > 1 else x


Floor = Bicubic | Identity
FLOORS: dict[str, type[Bicubic] | type[Identity]] = {"bicubic": Bicubic, "identity": Identity}


def find_floor(name: str, scale: int) -> Floor:
    """The floor `bicubic` or `identity` for that scale; a `UserError` lists the names."""
    if name not in FLOORS:
        raise UserError(f"Unknown floor {name!r}: use one of {', '.join('floor:' + known for known in FLOORS)}.")
    return FLOORS[name](scale)

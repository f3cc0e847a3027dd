"""What every way of learning offers to the trainer."""

from typing import Protocol

from torch import Tensor, nn
from torch.optim import Optimizer

Batch = dict[str, Tensor]
"""`input` and `target`: (N, C, h, w) and (N, C, h x scale, w x scale) float32 unit intensities."""


class Method(Protocol):
    """Owns the networks and optimisers of one way of learning.

    A step of training goes through `parts` in order (a generator, then a discriminator); each part has an optimiser
    and a network of the same name.
    """

    parts: tuple[str, ...]
    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]

    def training_step(self, batch: Batch, part: str) -> dict[str, Tensor]:
        """Named, weighted losses of one part; their sum is what the part minimises."""

    @property
    def restorer(self) -> nn.Module:
        """The network that is validated, saved and applied."""

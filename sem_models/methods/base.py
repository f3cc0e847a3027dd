"""What every way of learning offers to the trainer."""

from typing import Protocol

from torch import Tensor, nn
from torch.optim import Optimizer

from sem_models.methods.stages import Stage

Batch = dict[str, Tensor]
"""`input` and `target`: (N, C, h, w) and (N, C, h x scale, w x scale) float32 unit intensities."""


class Method(Protocol):
    """Owns the networks and optimisers of one way of learning.

    A step of training goes through the parts of its stage in order (a generator, then a discriminator); each part has
    an optimiser and a network of the same name. An optimiser may drive further networks, and what a method remembers
    from step to step is a module among the networks too: all of them are stored and resumed.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Named, weighted losses of one part; their sum is what the part minimises."""

    def observations(self) -> dict[str, Tensor]:
        """Scalars worth a curve that nobody minimises, from the last step; empty where there are none."""

    @property
    def network(self) -> nn.Module:
        """The network that is validated, saved and applied."""

"""What the predictor needs of a model, learned or not."""

from typing import Protocol

from torch import Tensor

from sem_models.networks.capabilities import Capabilities


class UnitModel(Protocol):
    """A function from (N, C, H, W) float32 unit intensities to (N, C', H x scale, W x scale)."""

    @property
    def name(self) -> str:
        """Written into outputs as provenance."""

    @property
    def capabilities(self) -> Capabilities:
        """Scale, channels and halo."""

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it to one batch on the device of the model."""

"""What the predictor needs of a model, learned or not."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from sem_models.inference.noise_field import Place
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


@runtime_checkable
class PlacedModel(Protocol):
    """A model whose output depends on where in the image a tile lies, such as one that draws from noise."""

    def placed(self, places: tuple[Place, ...]) -> UnitModel:
        """The same model for one batch of tiles with these upper left corners."""


def at_places(model: UnitModel, places: tuple[Place, ...]) -> UnitModel:
    """For a batch of tiles at these places; most models do not mind."""
    return model.placed(places) if isinstance(model, PlacedModel) else model

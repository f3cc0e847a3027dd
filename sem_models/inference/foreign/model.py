"""What an import finds out about a model, whatever file it comes from."""

from dataclasses import dataclass

from torch import Tensor

from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.grey_adapter import GreyAdapterConfig
from sem_models.config.networks.table import NetworkConfig, capabilities


@dataclass(frozen=True)
class ForeignModel:
    """A network for grey images with weights, and what is known about them."""

    network: NetworkConfig
    weights: dict[str, Tensor]
    architecture: str
    """Name that its authors, or the program that recognised it, give the network."""
    difference: float
    """Largest difference from the output that is known to be right, as a fraction of the span of that, at least 1."""
    note: str
    """One or two sentences for the summary of its recipe: how it is applied, and who made it if that is known."""
    limits: IntensityLimits | None = None
    """Grey levels that become 0 and 1, if the file fixes them."""
    licence: str = ""
    """As the file states it."""

    @property
    def channels(self) -> int:
        """Channels of the images that it was made for; grey images are repeated in all of them."""
        inner = self.network.inner if isinstance(self.network, GreyAdapterConfig) else self.network
        return capabilities(inner).channels_in

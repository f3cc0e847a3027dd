"""What an import finds out about a model, whatever file it comes from."""

from dataclasses import dataclass

from torch import Tensor

from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.table import NetworkConfig


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

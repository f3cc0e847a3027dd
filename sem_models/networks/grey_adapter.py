"""A network for colour images that is applied to grey ones: three times the same channel in, their mean out."""

from torch import Tensor, nn

from sem_models.config.networks.grey_adapter import GreyAdapterConfig
from sem_models.config.networks.hat import HATConfig
from sem_models.config.networks.spandrel import SpandrelConfig
from sem_models.config.networks.swinir import SwinIRConfig
from sem_models.networks.hat import HAT
from sem_models.networks.spandrel import SpandrelNetwork
from sem_models.networks.swinir import SwinIR


class GreyAdapter(nn.Module):
    """Maps (N, 1, H, W) float32 to (N, 1, H x scale, W x scale)."""

    def __init__(self, config: GreyAdapterConfig) -> None:
        """Build the inner network."""
        super().__init__()
        self.inner = _built(config.inner)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean of the channels that the inner network gives for a grey image in all three."""
        colours: Tensor = self.inner(x.expand(-1, 3, -1, -1))
        return colours.mean(1, keepdim=True)


def _built(inner: SwinIRConfig | HATConfig | SpandrelConfig) -> nn.Module:
    match inner:
        case SwinIRConfig():
            return SwinIR(inner)
        case HATConfig():
            return HAT(inner)
        case SpandrelConfig():
            return SpandrelNetwork(inner)

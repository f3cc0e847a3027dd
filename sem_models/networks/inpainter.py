"""A network that redraws the pixels under a mask and cannot change any others.

In the input, masked pixels are already filled by a simple rule. The inner network, which starts as the identity,
corrects them. Where the mask is 0 the output equals the input bit for bit, whatever was learned.
"""

import torch
from torch import Tensor, nn

from sem_models.config.networks.inpainter import InpainterConfig
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.networks.nafnet import NAFNet
from sem_models.networks.unet import UNet


class Inpainter(nn.Module):
    """Maps (N, C + 1, H, W) float32 to (N, C, H, W); the last channel is the mask, 1 for pixels to be redrawn."""

    def __init__(self, config: InpainterConfig) -> None:
        """Build the inner network."""
        super().__init__()
        inner = config.inner
        self.inner: nn.Module = NAFNet(inner) if isinstance(inner, NAFNetConfig) else UNet(inner)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of the inner network where the mask is above 0.5, and the input elsewhere.

        H and W must be multiples of what the inner network needs.
        """
        image, mask = x[:, :-1], x[:, -1:]
        redrawn: Tensor = self.inner(x)[:, :-1]
        return torch.where(mask > 0.5, redrawn, image)

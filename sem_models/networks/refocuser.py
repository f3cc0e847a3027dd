"""A network that is told how wide the blur is that it should undo, and leaves the image as it is if told 0.

From one frame, a soft specimen in focus and a sharp specimen out of focus cannot be distinguished. A network that has
to guess the width may therefore sharpen what is not blurred; this one is told. The width is an additional input
channel (conditioning on the degradation as in SRMD; Zhang, Zuo and Zhang, CVPR 2018). The inner network, which starts
as the identity, corrects the image, and the correction fades out as the width goes to 0.
"""

import torch
from torch import Tensor, nn

from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.networks.refocuser import RefocuserConfig
from sem_models.networks.nafnet import NAFNet
from sem_models.networks.unet import UNet

FULL_FROM_PX = 0.5
"""Width from which the correction is applied in full. A narrower Gaussian hardly blurs sampled pixels."""


class Refocuser(nn.Module):
    """Maps (N, C + 1, H, W) float32 to (N, C, H, W); the last channel is the width in px, the sigma of a Gaussian."""

    def __init__(self, config: RefocuserConfig) -> None:
        """Build the inner network."""
        super().__init__()
        self.largest_px = config.largest_px
        inner = config.inner
        self.inner: nn.Module = NAFNet(inner) if isinstance(inner, NAFNetConfig) else UNet(inner)

    def forward(self, x: Tensor) -> Tensor:
        """Return the image with its correction; where the width is 0 it equals the input bit for bit.

        H and W must be multiples of what the inner network needs.
        """
        image, width = x[:, :-1], x[:, -1:]
        corrected: Tensor = self.inner(torch.cat([image, width / self.largest_px], 1))[:, :-1]
        return image + (width / FULL_FROM_PX).clamp(0, 1) * (corrected - image)

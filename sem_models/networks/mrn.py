"""MRN: three SRNs from coarse to fine, for blur of unknown strength (Na et al., Acta Materialia 214, 116987, 2021).

The paper states that three identical SRNs are chained by up-sampling layers. What it leaves open follows Nah, Kim and
Lee (CVPR 2017): the weights are separate, and the coarse output is enlarged by a convolution and a pixel shuffle and
joined to the next input as additional channels. The coarsest network takes its input twice, so that all three have the
same structure. The image pyramid is made inside the network by `halve` (binomial filter, then mean), as are the targets
for training.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.mrn import SCALES, MRNConfig
from sem_models.networks.blocks import halve, shuffle_conv
from sem_models.networks.srn import RefocusingTrunk


class MRN(nn.Module):
    """Refocuses at a quarter, half and full size; each scale uses the result of the one before."""

    def __init__(self, config: MRNConfig) -> None:
        super().__init__()
        channels = config.channels
        self.trunks = nn.ModuleList(
            RefocusingTrunk(2 * channels, channels, config.width, config.blocks, config.kernel, config.residual)
            for _ in range(SCALES)
        )
        self.enlarge = nn.ModuleList(shuffle_conv(channels, slope=1) for _ in range(SCALES - 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to the same shape; H and W are multiples of 4."""
        return self.pyramid(x)[-1]

    def pyramid(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the outputs at a quarter, half and full size, for the losses at every scale."""
        half = halve(x)
        quarter = halve(half)
        coarse: Tensor = self.trunks[0](torch.cat([quarter, quarter], 1))
        middle: Tensor = self.trunks[1](torch.cat([half, F.pixel_shuffle(self.enlarge[0](coarse), 2)], 1))
        fine: Tensor = self.trunks[2](torch.cat([x, F.pixel_shuffle(self.enlarge[1](middle), 2)], 1))
        return coarse, middle, fine

"""SRN: a plain residual network that refocuses micrographs (Na et al., Acta Materialia 214, 116987, 2021).

Width, kernel and the absence of normalisation follow its nearest documented predecessor, the blocks of Nah, Kim and
Lee (CVPR 2017). The option `residual` is ours: the network then learns a correction that starts at zero, so that
regions in focus are unchanged from the first step on.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from sem_models.config.networks.srn import SRNConfig
from sem_models.networks.blocks import conv


class ResidualBlock(nn.Module):
    """Convolution, ReLU and convolution, added to the input; no normalisation, and no activation after the sum."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.first = conv(width, width, kernel, slope=0)
        self.second = conv(width, width, kernel, gain=0.1, slope=0)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y: Tensor = self.second(F.relu(self.first(x)))
        return x + y


class RefocusingTrunk(nn.Module):
    """The layers of SRN for any number of input and output channels; MRN chains three."""

    def __init__(self, before: int, after: int, width: int, blocks: int, kernel: int, residual: bool) -> None:
        super().__init__()
        self.after, self.residual = after, residual
        self.head = conv(before, width, kernel, slope=0)
        self.blocks = nn.Sequential(*[ResidualBlock(width, kernel) for _ in range(blocks)])
        self.close = conv(width, width, kernel, gain=0.1, slope=0)
        self.tail = conv(width, after, kernel, gain=0.0 if residual else 1.0, slope=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, before, H, W) to (N, after, H, W); a residual corrects the first `after` channels of the input."""
        shallow = F.relu(self.head(x))
        y: Tensor = self.tail(shallow + self.close(self.blocks(shallow)))
        return x[:, : self.after] + y if self.residual else y


class SRN(RefocusingTrunk):
    """Refocuses a blurred micrograph at a single scale."""

    def __init__(self, config: SRNConfig) -> None:
        super().__init__(config.channels, config.channels, config.width, config.blocks, config.kernel, config.residual)

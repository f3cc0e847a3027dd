"""Stage 1 of dSRVAE (Liu et al., CVPR Workshops 2020): a variational autoencoder that separates noise from detail."""

from torch import Tensor, nn
from torch.nn import functional as F

from sem_models.config.networks.capabilities import LatentCode
from sem_models.config.networks.dsrvae import DENOISE_BLOCKS
from sem_models.networks.blocks import conv

_DECODER_WIDTH = 128
_MAP_WIDTH = 32


class PreActivationBlock(nn.Module):
    """ReLU, convolution, ReLU, convolution and the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = conv(width, width), conv(width, width, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y: Tensor = self.second(F.relu(self.first(F.relu(x))))
        return x + y


class Denoiser(nn.Module):
    """Stage 1: draws a map from a latent code and subtracts the noise that it finds by comparing map and patch."""

    def __init__(self, channels: int, patch: int, code: int, hidden: int) -> None:
        super().__init__()
        self.cells = patch // 16
        self.expand = nn.Sequential(
            nn.Linear(code, hidden),
            nn.Sigmoid(),
            nn.Linear(hidden, _DECODER_WIDTH * self.cells**2),
            nn.Sigmoid(),
        )
        self.draw = nn.Sequential(
            nn.Conv2d(_DECODER_WIDTH, 128, 1),
            nn.PReLU(),
            nn.ConvTranspose2d(128, 128, 6, stride=4, padding=1),
            nn.PReLU(),
            nn.ConvTranspose2d(128, 64, 6, stride=4, padding=1),
            nn.PReLU(),
            nn.Conv2d(64, _MAP_WIDTH, 3, padding=1),
            nn.PReLU(),
        )
        steps: list[nn.Module] = []
        for before, after in ((channels, 64), (64, 64), (64, _MAP_WIDTH)):
            steps += [conv(before, after), nn.PReLU()]
        self.look = nn.Sequential(*steps)
        self.compare = nn.Sequential(*[PreActivationBlock(_MAP_WIDTH) for _ in range(DENOISE_BLOCKS)])
        self.noise = conv(_MAP_WIDTH, channels, gain=1e-2)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """Map (N, C, patch, patch) and (N or 1, code) to (N, C, patch, patch)."""
        grown = self.expand(code).reshape(-1, _DECODER_WIDTH, self.cells, self.cells)
        noise: Tensor = self.noise(self.compare(self.look(x) - self.draw(grown)))
        return x - noise


class TargetEncoder(nn.Module):
    """Stage 1, training only: maps VGG features of the clean patch to mean and log variance of a latent code."""

    def __init__(self, latent: LatentCode) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(512 * (latent.patch // 32) ** 2, latent.hidden), nn.Sigmoid())
        self.mean, self.log_variance = (nn.Linear(latent.hidden, latent.length) for _ in range(2))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, 512, patch / 32, patch / 32) to mean and log variance, (N, code) each; the latter is in [-6, 2]."""
        hidden = self.hidden(features.flatten(1))
        return self.mean(hidden), F.hardtanh(self.log_variance(hidden), -6, 2)

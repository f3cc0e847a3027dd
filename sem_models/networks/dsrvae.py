"""dSRVAE: a denoising variational autoencoder, then super-resolution (Liu et al., CVPR Workshops 2020).

Deviations: the enlargement is bicubic plus a learned residual. The decoder draws a map of one patch, so larger images
are processed in patches that overlap by half and are blended. At inference the latent code is its mean, 0, and not
random, so that the same micrograph always gives the same result.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.dsrvae import DSRVAEConfig
from sem_models.networks.blocks import conv
from sem_models.networks.denoiser import Denoiser, PreActivationBlock
from sem_models.physics.downsampling import upsample


class DSRVAE(nn.Module):
    """Both stages of dSRVAE in sequence: denoising, then enlargement."""

    def __init__(self, config: DSRVAEConfig) -> None:
        super().__init__()
        self.scale, self.patch, self.code = config.scale, config.patch, config.code
        self.denoiser = Denoiser(config.channels, config.patch, config.code, config.hidden) if config.denoise else None
        self.head = nn.Sequential(conv(config.channels, config.width), nn.PReLU())
        self.body = nn.Sequential(*[PreActivationBlock(config.width) for _ in range(config.blocks)])
        self.tail = conv(config.width, config.channels, gain=1e-2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale)."""
        return self.enlarge(self.clean(x))

    def enlarge(self, x: Tensor) -> Tensor:
        """Apply stage 2: (N, C, H, W) to (N, C, H x scale, W x scale)."""
        baseline = upsample(x, self.scale)
        residual: Tensor = self.tail(self.body(self.head(baseline)))
        return baseline + residual

    def denoise(self, x: Tensor, code: Tensor) -> Tensor:
        """Apply stage 1 to training patches: (N, C, patch, patch) and (N, code) to (N, C, patch, patch)."""
        if self.denoiser is None:
            raise RuntimeError("this dSRVAE has no stage 1")
        cleaned: Tensor = self.denoiser(x, code)
        return cleaned

    def clean(self, x: Tensor) -> Tensor:
        """Apply stage 1 to an image of any size with the mean code; the identity if there is no stage 1."""
        if self.denoiser is None:
            return x
        n, channels, height, width = x.shape
        step, size = self.patch // 2, self.patch
        padded = F.pad(x, (step, step + -width % step, step, step + -height % step), mode="replicate")
        cells = F.unfold(padded, size, stride=step).reshape(n, channels, size, size, -1)
        patches = cells.permute(0, 4, 1, 2, 3).reshape(-1, channels, size, size)
        cleaned = self.denoiser(patches, x.new_zeros(1, self.code)) * self._window(x)
        back = cleaned.reshape(n, -1, channels * size * size).transpose(1, 2)
        whole = F.fold(back, padded.shape[-2:], size, stride=step)
        return whole[..., step : step + height, step : step + width]

    def _window(self, x: Tensor) -> Tensor:
        """Return a triangular window; windows that overlap by half add up to 1 everywhere."""
        step = self.patch // 2
        rise = (torch.arange(step, device=x.device, dtype=x.dtype) + 0.5) / step
        line = torch.cat([rise, rise.flip(0)])
        return line[:, None] * line[None, :]

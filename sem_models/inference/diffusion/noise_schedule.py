"""The forward process of diffusion: how much of an image is left after t steps of noise, and what to learn then.

Images are signed here, (N, C, H, W) float32 with -1 for black and 1 for white, so that noise has no side to favour.
"""

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.features.weights import declare_torchvision_ops


class ForwardProcess:
    """Adds noise: x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) noise (Ho et al., 2020, equation 4)."""

    signal: list[float]
    """sqrt(a_t) of each time."""
    noise: list[float]
    """sqrt(1 - a_t) of each time."""
    log_snr: NDArray[np.float64]
    """(timesteps,) logarithm of signal over noise, half that of the ratio of variances; falls with time."""

    def __init__(self, settings: DiffusionSettings) -> None:
        declare_torchvision_ops()
        from diffusers import DDPMScheduler

        self._settings = settings
        # Linear betas are those of 1000 steps, larger where there are fewer (Nichol and Dhariwal, ICML 2021): the last
        # step must leave nothing of the image, as drawing begins with noise alone.
        self._scheduler: Any = DDPMScheduler(
            num_train_timesteps=settings.timesteps,
            beta_start=0.1 / settings.timesteps,
            beta_end=20 / settings.timesteps,
            beta_schedule="linear" if settings.betas == "linear" else "squaredcos_cap_v2",
        )
        kept = np.cumprod(1 - cast(Any, self._scheduler).betas.double().numpy())
        self.signal, self.noise = np.sqrt(kept).tolist(), np.sqrt(1 - kept).tolist()
        self.log_snr = np.log(kept / (1 - kept)) / 2

    def noised(self, x_0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """(N, C, H, W) after (N,) steps `t`, 0 to timesteps - 1."""
        noisy: Tensor = self._scheduler.add_noise(x_0, noise, t)
        return noisy

    def wanted(self, x_0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """What the network should predict from `noised(x_0, noise, t)`."""
        if self._settings.predicts == "noise":
            return noise
        velocity: Tensor = self._scheduler.get_velocity(x_0, noise, t)
        return velocity

    def image_of(self, noisy: Tensor, predicted: Tensor, time: int) -> Tensor:
        """Return x_0, (N, C, H, W), from what the network predicted for a noisy image at one time."""
        if self._settings.predicts == "noise":
            return (noisy - self.noise[time] * predicted) / self.signal[time]
        return self.signal[time] * noisy - self.noise[time] * predicted


def signed(image: Tensor) -> Tensor:
    """Unit intensities, 0 to 1, to -1 to 1."""
    return 2 * image - 1


def unit(image: Tensor) -> Tensor:
    """-1 to 1 back to 0 to 1; what lies outside is cut off."""
    return ((image + 1) / 2).clamp(0, 1)


def normal(shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Standard normal numbers, drawn on the host so that every device gets the same."""
    return torch.randn(shape, generator=generator).to(device)

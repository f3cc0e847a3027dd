"""The posterior mean of a pixel: a blind-spot prediction combined with the recorded value (Laine et al., 2019)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.inference.pixel_posterior import REACH_PX, PixelPosterior


class PosteriorMean(nn.Module):
    """A network and the posterior mean as one module, with the input and output of the network alone."""

    def __init__(self, network: nn.Module, posterior: PixelPosterior) -> None:
        """Combine them; the weights stay those of `network`."""
        super().__init__()
        self.network = network
        self._posterior = posterior

    def forward(self, x: Tensor) -> Tensor:
        """Return the posterior mean for (N, 1, H, W) float32 recorded values in unit intensity; the same shape."""
        return combined(x, self.network(x), self._posterior)


def combined(recorded: Tensor, prediction: Tensor, posterior: PixelPosterior) -> Tensor:
    """Return recorded values minus the noise estimated from their residuals.

    Args:
        recorded: (N, 1, H, W) in unit intensity.
        prediction: What the network predicts for them, of the same shape.
        posterior: Noise and filters. With filters of one weight this is the posterior mean of a Gaussian prediction
            and Gaussian noise, (m / s_p^2 + y / s_n^2) / (1 / s_p^2 + 1 / s_n^2), with the weight
            s_n^2 / (s_p^2 + s_n^2) (Laine et al., NeurIPS 2019, section 3; Krull et al., Frontiers in CS 2, 2020).
            Longer filters are the same for noise that is correlated along the scan line.
    """
    residual, reach = recorded - prediction, len(posterior.filters[0]) // 2
    kernels = torch.tensor(posterior.filters, dtype=residual.dtype, device=residual.device)[:, None, None]
    noise = F.conv2d(F.pad(residual, (reach, reach, 0, 0)), kernels)
    shares = interpolation(relative_activity(prediction, posterior), posterior.activity)
    return recorded - (noise * shares).sum(dim=1, keepdim=True)


def noise_variance(signal: Tensor, posterior: PixelPosterior) -> Tensor:
    """Return the variance of the noise at each signal, in squared unit intensity; the shape of `signal`."""
    return (posterior.gain * signal + posterior.offset).clamp(min=posterior.least_variance)


def relative_activity(prediction: Tensor, posterior: PixelPosterior) -> Tensor:
    """Return the standard deviation of (N, 1, H, W) around each pixel, divided by that of the noise; same shape."""
    edge = 2 * REACH_PX + 1
    around = F.pad(prediction, (REACH_PX,) * 4, mode="replicate")
    mean = F.avg_pool2d(around, edge, stride=1)
    variance = F.avg_pool2d(around**2, edge, stride=1) - mean**2
    return (variance.clamp(min=0) / noise_variance(prediction, posterior)).sqrt()


def interpolation(x: Tensor, knots: tuple[float, ...]) -> Tensor:
    """Return the weight of each of K ascending knots in a linear interpolation at (N, 1, H, W) `x`, (N, K, H, W).

    They add up to 1; beyond the knots the nearest one counts. Clamped ramps, because every program that runs exported
    networks has them.
    """
    if len(knots) == 1:
        return torch.ones_like(x)
    ends = torch.tensor(knots, dtype=x.dtype, device=x.device)[:, None, None]
    passed = ((x - ends[:-1]) / (ends[1:] - ends[:-1])).clamp(0, 1)
    before, after = F.pad(passed, (0, 0, 0, 0, 1, 0), value=1.0), F.pad(passed, (0, 0, 0, 0, 0, 1), value=0.0)
    return before - after

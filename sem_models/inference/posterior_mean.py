"""The posterior mean of a pixel: a blind-spot prediction combined with recorded values (Laine et al., 2019)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.inference.pixel_posterior import ACTIVITY_REACH_PX, PixelPosterior
from sem_models.inference.self_similarity import similar_mean


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
        posterior: Noise and filters. With filters of 1 x 1 px this is the posterior mean of a Gaussian prediction m
            and Gaussian noise, (m / s_p^2 + y / s_n^2) / (1 / s_p^2 + 1 / s_n^2), where the weight is
            s_n^2 / (s_p^2 + s_n^2) (Laine et al., NeurIPS 2019, section 3; Krull et al., Frontiers in CS 2, 2020).
            Larger filters also use that neighbouring errors of a prediction resemble each other.
    """
    residual, reach = residuals(recorded, prediction, posterior), posterior.filter_reach_px
    of_each = zip(*_filters(posterior), strict=True)
    kernels = torch.tensor([list(parts) for parts in of_each], dtype=residual.dtype, device=residual.device)
    noise = F.conv2d(F.pad(residual, (reach,) * 4), kernels)
    shares = interpolation(relative_activity(prediction, posterior), posterior.activity)
    return recorded - (noise * shares).sum(dim=1, keepdim=True)


def residuals(recorded: Tensor, prediction: Tensor, posterior: PixelPosterior) -> Tensor:
    """Return recorded values minus each estimate of the signal: the prediction, and the mean over similar places.

    (N, S, H, W) for S estimates; the second one only for a posterior that has filters for it.
    """
    if posterior.similarity_filters is None:
        return recorded - prediction
    similar = similar_mean(recorded, prediction, noise_variance(prediction, posterior))
    return torch.cat([recorded - prediction, recorded - similar], dim=1)


def _filters(posterior: PixelPosterior) -> list[tuple[tuple[tuple[float, ...], ...], ...]]:
    return [posterior.filters, *([posterior.similarity_filters] if posterior.similarity_filters else [])]


def noise_variance(signal: Tensor, posterior: PixelPosterior) -> Tensor:
    """Return the variance of the noise at each signal, in squared unit intensity; the shape of `signal`."""
    return (posterior.gain * signal + posterior.offset).clamp(min=posterior.least_variance)


def relative_activity(prediction: Tensor, posterior: PixelPosterior) -> Tensor:
    """Return the standard deviation of (N, 1, H, W) around each pixel, divided by that of the noise; same shape."""
    spread = _mean(prediction**2) - _mean(prediction) ** 2
    return (spread.clamp(min=0) / noise_variance(prediction, posterior)).sqrt()


def interpolation(x: Tensor, knots: tuple[float, ...]) -> Tensor:
    """Return the weight of each of K ascending knots in a linear interpolation at (N, 1, H, W) `x`, (N, K, H, W).

    They add up to 1; beyond the knots the nearest one counts. Clamped ramps, because every program that runs exported
    networks has them.
    """
    if len(knots) == 1:
        return torch.ones_like(x)
    ends = torch.tensor(knots, dtype=x.dtype, device=x.device)[:, None, None]
    passed = ((x - ends[:-1]) / (ends[1:] - ends[:-1])).clamp(0, 1)
    one, none = torch.ones_like(x), torch.zeros_like(x)
    return torch.cat([one, passed], dim=1) - torch.cat([passed, none], dim=1)


def _mean(x: Tensor) -> Tensor:
    reach = ACTIVITY_REACH_PX
    return F.avg_pool2d(F.pad(x, (reach,) * 4, mode="replicate"), 2 * reach + 1, stride=1)

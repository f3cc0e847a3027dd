"""Fitting the posterior mean: how much of the residual of a prediction is noise, by the activity around a pixel.

No clean image is needed. The noise n is known from its measurement, the residual z = y - m is seen, and how much the
prediction m follows the recorded values y is measured by changing them. Both together give the covariance of n and z
(Stein, Annals of Statistics 9, 1981), hence the linear estimate of n from z with the least mean squared error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from torch import Tensor, nn

from sem_models.images.intensity import UnitImage
from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.inference.posterior_mean import noise_variance, relative_activity

Row = NDArray[np.float64]

_LEVELS = 12
"""Levels of activity, with equally many pixels in each."""
_PROBE = 0.1
"""How much each value is changed to see what follows, in standard deviations of the noise."""


@dataclass(frozen=True)
class LineNoise:
    """Noise whose variance is `gain` x signal + `offset` and which is correlated along the scan line only."""

    gain: float
    offset: float
    correlation: tuple[float, ...] = (1.0,)
    """Correlation of two pixels of a line by their distance, from 0; beyond the last it is 0."""

    @property
    def reach_px(self) -> int:
        """Largest distance of two correlated pixels."""
        return len(self.correlation) - 1


@dataclass(frozen=True)
class Moments:
    """What was seen at one level of activity, in units of the standard deviation of the noise."""

    activity: float
    residual: Row
    """Mean product of the residuals of two pixels of a line by their distance, from 0."""
    response: Row
    """Mean derivative of the prediction of a pixel by the recorded value at a distance of up to the middle entry."""


def fit_posterior(network: nn.Module, images: Sequence[UnitImage], noise: LineNoise) -> PixelPosterior:
    """Fit the filters that estimate the noise of a pixel from residuals.

    Args:
        network: Predicts (1, 1, H, W) from values of the same shape; on one device, not training.
        images: (1, H, W) float32 recorded values in unit intensity, of sizes that the network takes.
        noise: The noise of these images.
    """
    bare = _without_filters(noise)
    levels = _levels(_seen(network, images, bare, noise.reach_px), noise.reach_px)
    filters = tuple(tuple(filter_of(level, noise.correlation).tolist()) for level in levels)
    return bare.model_copy(update={"activity": tuple(level.activity for level in levels), "filters": filters})


def filter_of(level: Moments, correlation: Sequence[float]) -> Row:
    """Return the weights of the residuals around a pixel in the best linear estimate of its noise, (2 K + 1,).

    They solve sum_l E(z_k z_l) h_l = E(n_0 z_k), with E(n_0 z_k) = c_k - sum_m r_m c_(k+m) for correlations c and
    responses r. For white noise and no response that is h_0 = s_n^2 / (s_p^2 + s_n^2).
    """
    reach = len(correlation) - 1
    lags = np.arange(-reach, reach + 1)
    known = np.zeros(4 * reach + 1)
    known[reach : 3 * reach + 1] = [correlation[abs(lag)] for lag in lags]
    shared = np.array([known[lag + 2 * reach] - level.response @ known[lag + lags + 2 * reach] for lag in lags])
    weights: Row = solve_toeplitz(level.residual, shared)
    return np.clip(weights, 0.0, 1.0) if reach == 0 else weights


@torch.inference_mode()
def residual_correlation(network: nn.Module, images: Sequence[UnitImage], noise: LineNoise) -> tuple[float, float]:
    """Correlate neighbouring residuals along and across the scan lines in the calmer half of each image.

    0 for independent noise; the structure that the network has found is no longer in the residual.
    """
    bare = _without_filters(noise)
    device = next(network.parameters()).device
    products = []
    for image in images:
        x = torch.from_numpy(image)[None].to(device)
        prediction = network(x)
        activity = relative_activity(prediction, bare)
        z = (x - prediction) / noise_variance(prediction, bare).sqrt()
        shifted = (z, z.roll(-1, 3), z.roll(-1, 2))
        calm = (activity <= activity.median())[..., :-1, :-1]
        products.append(torch.stack([(z * other)[..., :-1, :-1][calm].mean() for other in shifted]))
    power, along, across = torch.stack(products).mean(0).tolist()
    return along / power, across / power


def _without_filters(noise: LineNoise) -> PixelPosterior:
    return PixelPosterior(gain=noise.gain, offset=noise.offset, activity=(0.0,), filters=((0.0,),))


@dataclass(frozen=True)
class _Seen:
    """Activity, and products of residuals and responses by distance, at the pixels of one image, flat."""

    activity: Tensor
    residual: Tensor
    response: Tensor


def _seen(network: nn.Module, images: Iterable[UnitImage], bare: PixelPosterior, reach: int) -> list[_Seen]:
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(0)
    return [_seen_in(network, torch.from_numpy(image)[None].to(device), bare, reach, generator) for image in images]


@torch.inference_mode()
def _seen_in(network: nn.Module, x: Tensor, bare: PixelPosterior, reach: int, generator: torch.Generator) -> _Seen:
    prediction = network(x)
    deviation = noise_variance(prediction, bare).sqrt()
    # Random signs: what follows from other pixels averages to zero (Ramani, Blu and Unser, IEEE TIP 17, 2008).
    signs = (2 * torch.randint(2, x.shape, generator=generator) - 1).to(x)
    probe = _PROBE * deviation * signs
    followed = (network(x + probe) - prediction) / (_PROBE * deviation)
    residual = (x - prediction) / deviation
    inner = slice(2 * reach, x.shape[3] - 2 * reach or None)
    products = torch.stack([residual * residual.roll(-lag, 3) for lag in range(2 * reach + 1)])
    responses = torch.stack([followed * signs.roll(-lag, 3) for lag in range(-reach, reach + 1)])
    activity = relative_activity(prediction, bare)
    return _Seen(
        *(part[..., inner].flatten(0 if part is activity else 1).cpu() for part in (activity, products, responses))
    )


def _levels(seen: Sequence[_Seen], reach: int) -> list[Moments]:
    activity = torch.cat([part.activity for part in seen]).double()
    residual = torch.cat([part.residual for part in seen], dim=1).double()
    response = torch.cat([part.response for part in seen], dim=1).double()
    order = activity.argsort()
    found = []
    for part in order.tensor_split(_LEVELS):
        middle = float(activity[part].mean())
        if found and middle <= found[-1].activity:
            continue
        found.append(Moments(middle, residual[:, part].mean(1).numpy(), response[:, part].mean(1).numpy()))
    return found

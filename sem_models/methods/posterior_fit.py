"""Fitting the posterior mean: how much of the residual of a prediction is noise, by the activity around a pixel.

No clean image is needed. The residual z = y - m is seen, and the covariance of the noise n with it follows from the
measured noise and from how z reacts if a little more of such noise is added to y: E(n z) = s_n^2 E(dz / dy) for
Gaussian noise (Stein, Annals of Statistics 9, 1981; Ramani, Blu and Unser, IEEE TIP 17, 2008), also where noise is
correlated along the scan line, if what is added is correlated in the same way. Both give the linear
estimate of n from z with the least mean squared error. If the prediction m does not react to its own pixel, the weight
of that pixel alone is s_n^2 / (s_p^2 + s_n^2): the posterior mean. Networks trained by masking do react, because
nothing is masked when they are applied; part of the pixel is then in the prediction already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.images.intensity import UnitImage
from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.inference.posterior_mean import interpolation, noise_variance, relative_activity, residuals

_LEVELS = 5
_RARE = 0.02
"""Share of the pixels below the first and above the last activity; equally many lie between two others."""
_REACH_PX = 2
"""Half edge of the filters."""
_PROBE = 0.1
"""How much noise is added and taken away to see the reaction, in standard deviations."""
_RIDGE = 1e-3
"""Pull of each filter towards the one for all pixels, relative to the mean power."""


_Filters = tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True)
class PixelNoise:
    """Gaussian noise, independent from line to line; its variance is `gain` x signal + `offset`."""

    gain: float
    offset: float
    along: tuple[float, ...] = (1.0,)
    """Autocorrelation along the scan line at lags of 0, 1, ... px; (1,) if pixels are independent."""

    @property
    def alone(self) -> PixelPosterior:
        """A posterior that knows the noise and no filter yet."""
        nothing = (((0.0,),),)
        return PixelPosterior(
            gain=self.gain, offset=self.offset, activity=(0.0,), filters=nothing, similarity_filters=nothing
        )


@dataclass(frozen=True)
class _Seen:
    """One image and what the network makes of it, (1, 1, H, W) each."""

    deviation: Tensor
    """Standard deviation of the noise."""
    probe: Tensor
    """The noise that was added, in standard deviations: `_PROBE` times values of variance 1."""
    prediction: Tensor
    residuals: Tensor
    """Of the prediction and of the mean over similar places, (1, 2, H, W)."""
    more: tuple[Tensor, Tensor]
    """Prediction and residuals with the probe added."""
    less: tuple[Tensor, Tensor]
    """Prediction and residuals with the probe taken away."""


def fit_posterior(
    network: nn.Module, images: Sequence[UnitImage], noise: PixelNoise, reach_px: int = _REACH_PX
) -> PixelPosterior:
    """Fit the filters that estimate the noise of a pixel from residuals.

    Args:
        network: Predicts (1, 1, H, W) from values of the same shape; on one device, not training.
        images: (1, H, W) float32 recorded values in unit intensity, of sizes that the network takes.
        noise: The noise of these images.
        reach_px: Half edge of the filters; 0 uses the residual of the pixel alone.
    """
    seen = _seen(network, images, noise)
    found = torch.cat([relative_activity(part.prediction, noise.alone).flatten() for part in seen])
    activity = _quantiles(found, _LEVELS)
    filters, similar = _filters(seen, activity, noise, reach_px)
    return noise.alone.model_copy(update={"activity": activity, "filters": filters, "similarity_filters": similar})


def residual_correlation(network: nn.Module, images: Sequence[UnitImage], noise: PixelNoise) -> tuple[float, float]:
    """Correlate neighbouring residuals along and across the scan lines in the calmer half of each image.

    0 for independent noise and an exact prediction; negative where the prediction follows neighbouring pixels.
    """
    products = []
    for part in _seen(network, images, noise):
        z = part.residuals[:, :1] / part.deviation
        activity = relative_activity(part.prediction, noise.alone)
        calm = (activity <= activity.median())[..., :-1, :-1]
        shifted = (z, z.roll(-1, 3), z.roll(-1, 2))
        products.append(torch.stack([(z * other)[..., :-1, :-1][calm].mean() for other in shifted]))
    power, along, across = torch.stack(products).mean(0).tolist()
    return along / power, across / power


@torch.inference_mode()
def _seen(network: nn.Module, images: Sequence[UnitImage], noise: PixelNoise) -> list[_Seen]:
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(0)

    def answer(x: Tensor) -> tuple[Tensor, Tensor]:
        prediction = network(x.to(device)).float().cpu()
        return prediction, residuals(x, prediction, noise.alone)

    found = []
    for image in images:
        x = torch.from_numpy(image)[None]
        prediction, residual = answer(x)
        deviation = noise_variance(prediction, noise.alone).sqrt()
        probe = _PROBE * _correlated(2.0 * torch.randint(2, x.shape, generator=generator) - 1, noise.along)
        more, less = answer(x + deviation * probe), answer(x - deviation * probe)
        found.append(_Seen(deviation, probe, prediction, residual, more, less))
    return found


def _correlated(white: Tensor, along: tuple[float, ...]) -> Tensor:
    """Give white noise (..., W) of variance 1 an autocorrelation along the line, by its power spectrum."""
    if len(along) == 1:
        return white
    width = white.shape[-1]
    lags = torch.zeros(width, dtype=torch.float64)
    lags[: len(along)] = torch.tensor(along, dtype=torch.float64)
    lags[1 - len(along) :] = lags[1 : len(along)].flip(0)
    # A measured autocorrelation may have negative power, which no noise has.
    power = torch.fft.fft(lags).real.clamp(min=0)
    amplitude = (power / power.mean()).sqrt()
    coloured: Tensor = torch.fft.ifft(torch.fft.fft(white) * amplitude).real.to(white.dtype)
    return coloured


def _filters(
    seen: Sequence[_Seen], activity: tuple[float, ...], noise: PixelNoise, reach: int
) -> tuple[_Filters, _Filters]:
    """Solve the normal equations of the least mean squared error, summed over images."""
    edge = 2 * reach + 1
    taps, size = 2 * edge**2, len(activity) * 2 * edge**2
    products, shared = torch.zeros(size, size).double(), torch.zeros(size).double()
    for part in seen:
        design, more, less = (
            _design(prediction, found, part.deviation, activity, noise, reach)
            for prediction, found in ((part.prediction, part.residuals), part.more, part.less)
        )
        products += (design @ design.T).double()
        # The probe has variance _PROBE^2, so this is the derivative by a standard deviation of the noise.
        shared += ((more - less) @ _inner(part.probe, reach)[0] / (2 * _PROBE**2)).double()
    every = torch.eye(taps).repeat(len(activity), 1).double()
    usual = every @ torch.linalg.solve(every.T @ products @ every, every.T @ shared)
    ridge = _RIDGE * products.trace() / size * torch.eye(size)
    solved = usual + torch.linalg.solve(products + ridge, shared - products @ usual)
    of_prediction, of_similar = solved.reshape(-1, 2, edge, edge).unbind(1)
    return _nested(of_prediction), _nested(of_similar)


def _nested(filters: Tensor) -> _Filters:
    return tuple(tuple(map(tuple, filter_)) for filter_ in filters.tolist())


def _design(
    prediction: Tensor,
    found: Tensor,
    deviation: Tensor,
    activity: tuple[float, ...],
    noise: PixelNoise,
    reach: int,
) -> Tensor:
    """Return what each weight multiplies at each pixel, in standard deviations of the noise, (weights, pixels)."""
    shares = _inner(interpolation(relative_activity(prediction, noise.alone), activity), reach)
    around = range(-reach, reach + 1)
    places = [(row, column) for row in around for column in around]
    shifted = [each.roll((-row, -column), (2, 3)) for each in found.split(1, 1) for row, column in places]
    inner = torch.cat([_inner(values / deviation, reach) for values in shifted])
    return (shares[:, None] * inner).flatten(0, 1)


def _inner(values: Tensor, reach: int) -> Tensor:
    """Return (1, K, H, W) as (K, pixels), without `reach` pixels at each edge, where residuals are missing."""
    return F.pad(values, (-reach,) * 4).flatten(2)[0]


def _quantiles(values: Tensor, count: int) -> tuple[float, ...]:
    places = (torch.linspace(_RARE, 1 - _RARE, count) * (len(values) - 1)).long()
    return tuple(values.double().sort().values[places].unique().tolist())

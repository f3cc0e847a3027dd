"""The posterior mean against a process whose best estimate is known in closed form.

An exact blind-spot predictor of a Gaussian process gives a pixel with a known error variance that is independent of its
own noise. The fit is given noisy images and their noise only, as for a trained network.
"""

import numpy as np
import pytest
import torch
from torch import nn

from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.inference.posterior_mean import combined
from sem_models.methods.posterior_fit import PixelNoise, fit_posterior, residual_correlation

EDGE, SIGNAL, CORRELATION, SEEN = 96, 0.02, 0.9, 7
"""Edge of the images in px, variance of the signal, its correlation along the line, and neighbours on each side that
the predictor sees."""


class ExactBlindSpot(nn.Module):
    """The best linear prediction of a pixel from its neighbours on the line; `own` mixes in the pixel itself."""

    def __init__(self, noise: float, own: float = 0.0) -> None:
        super().__init__()
        places = np.r_[-SEEN:0, 1 : SEEN + 1]
        between = covariance(np.abs(places[:, None] - places)) + noise * np.eye(len(places))
        weights = np.linalg.solve(between, covariance(np.abs(places)))
        self.error = SIGNAL - weights @ covariance(np.abs(places))
        kernel = (1 - own) * np.insert(weights, SEEN, 0.0)
        kernel[SEEN] += own
        self.kernel = nn.Parameter(torch.tensor(kernel, dtype=torch.float32)[None, None, None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = nn.functional.pad(x - 0.5, (SEEN, SEEN, 0, 0), mode="circular")
        return 0.5 + nn.functional.conv2d(around, self.kernel)


def covariance(distance: np.ndarray) -> np.ndarray:
    return SIGNAL * CORRELATION**distance


def recorded(noise: float, smoothed: bool = False) -> tuple[list[np.ndarray], np.ndarray]:
    """Noisy images, (1, EDGE, EDGE) float32 each, and the signals below them, AR(1) along the lines."""
    rng = np.random.default_rng(0)
    distance = np.minimum(np.arange(EDGE), EDGE - np.arange(EDGE))
    power = np.fft.fft(covariance(distance)).real
    white = rng.standard_normal((8, EDGE, EDGE))
    clean = 0.5 + np.fft.ifft(np.fft.fft(white) * np.sqrt(power)).real
    grain = rng.standard_normal((8, EDGE, EDGE))
    if smoothed:
        grain = (grain + np.roll(grain, 1, axis=2)) / np.sqrt(2)
    noisy = clean + np.sqrt(noise) * grain
    return [image[None].astype(np.float32) for image in noisy], clean


def error(network: nn.Module, posterior: PixelPosterior, noisy: list[np.ndarray], clean: np.ndarray) -> float:
    x = torch.from_numpy(np.stack(noisy))
    with torch.inference_mode():
        estimate = combined(x, network(x), posterior)[:, 0].numpy()
    return float(((estimate - clean)[:, 8:-8, 8:-8] ** 2).mean())


@pytest.mark.parametrize("own", [0.0, 0.3], ids=["blind", "sees its own pixel"])
@pytest.mark.parametrize("noise", [0.002, 0.02, 0.2])
def test_the_closed_form_is_reached(noise: float, own: float) -> None:
    """MSE = s_p^2 s_n^2 / (s_p^2 + s_n^2), also where the prediction has part of its own pixel, and so of its noise."""
    network, (noisy, clean) = ExactBlindSpot(noise, own), recorded(noise)
    posterior = fit_posterior(network, noisy, PixelNoise(0.0, noise), reach_px=0)
    best = network.error * noise / (network.error + noise)
    assert error(network, posterior, noisy, clean) == pytest.approx(best, rel=0.03)
    # What the mean over similar places adds, it takes from the prediction: an exact one leaves nothing to add.
    weight = float(np.median(np.ravel(posterior.filters) + np.ravel(posterior.similarity_filters)))
    assert weight == pytest.approx(noise / (network.error + noise) / (1 - own), rel=0.05)


def test_neighbouring_residuals_cannot_add_to_an_exact_prediction_from_everything() -> None:
    """Seven neighbours on each side leave nothing: the larger filter finds the same estimate."""
    network, (noisy, clean) = ExactBlindSpot(0.02), recorded(0.02)
    posterior = fit_posterior(network, noisy, PixelNoise(0.0, 0.02))
    best = network.error * 0.02 / (network.error + 0.02)
    assert error(network, posterior, noisy, clean) == pytest.approx(best, rel=0.03)
    filters = (np.array(posterior.filters) + posterior.similarity_filters).mean(0)
    filters[2, 2] -= 0.02 / (network.error + 0.02)
    assert filters == pytest.approx(np.zeros((5, 5)), abs=0.05)


def test_neighbouring_residuals_mend_a_poor_prediction() -> None:
    """A constant is a poor prediction: its errors resemble each other, so neighbours must help a lot."""
    network, (noisy, clean) = ExactBlindSpot(0.02), recorded(0.02)
    network.kernel.data.zero_()
    alone, around = (fit_posterior(network, noisy, PixelNoise(0.0, 0.02), reach) for reach in (0, 2))
    places = np.arange(5)
    signal = covariance(np.abs(places[:, None] - places))
    best = SIGNAL - signal[2] @ np.linalg.solve(signal + 0.02 * np.eye(5), signal[2])
    assert error(network, alone, noisy, clean) == pytest.approx(SIGNAL * 0.02 / (SIGNAL + 0.02), rel=0.03)
    assert error(network, around, noisy, clean) == pytest.approx(best, rel=0.03)


class Faint(nn.Module):
    """Predicts a known image at 30 % of its contrast, whatever was recorded."""

    def __init__(self, clean: np.ndarray) -> None:
        super().__init__()
        self.prediction = nn.Parameter(torch.from_numpy(0.5 + 0.3 * (clean - 0.5)).float()[None, None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.prediction.expand_as(x)


def test_similar_places_give_what_the_prediction_misses() -> None:
    """A random tile of 5 x 5 px, repeated: 4 to 9 other copies of each pixel lie within 6 px.

    Without them, independent pixels can do no better than Wiener's estimate of the missing 70 %.
    """
    rng, noise = np.random.default_rng(3), 0.01
    clean = np.tile(rng.uniform(0, 1, (5, 5)), (20, 20))[:EDGE, :EDGE]
    noisy = [(clean + np.sqrt(noise) * rng.standard_normal(clean.shape))[None].astype(np.float32) for _ in range(4)]
    network = Faint(clean)
    posterior = fit_posterior(network, noisy, PixelNoise(0.0, noise))
    missed = 0.49 * clean.var()
    wiener = missed * noise / (missed + noise)
    assert error(network, posterior, noisy, np.stack([clean] * 4)) < 0.4 * wiener
    without = posterior.model_copy(update={"similarity_filters": None})
    assert error(network, without, noisy, np.stack([clean] * 4)) > 0.9 * wiener


def test_noise_along_the_line_is_told_from_structure() -> None:
    """White structure below noise that decays by a factor of 0.6 from pixel to pixel: the best estimate from 5 px."""
    rng, structure, noise, decay = np.random.default_rng(5), 0.01, 0.02, 0.6
    clean = 0.5 + np.sqrt(structure) * rng.standard_normal((8, EDGE, EDGE))
    power = np.fft.fft(decay ** np.minimum(np.arange(EDGE), EDGE - np.arange(EDGE))).real
    grain = np.fft.ifft(np.fft.fft(rng.standard_normal(clean.shape)) * np.sqrt(power)).real
    noisy = [image[None].astype(np.float32) for image in clean + np.sqrt(noise) * grain]
    network = ExactBlindSpot(0.02)
    network.kernel.data.zero_()
    along = tuple(decay ** np.arange(8))
    posterior = fit_posterior(network, noisy, PixelNoise(0.0, noise, along))
    of_noise = noise * decay ** np.abs(np.arange(5)[:, None] - np.arange(5))
    best = noise - of_noise[2] @ np.linalg.solve(of_noise + structure * np.eye(5), of_noise[2])
    assert error(network, posterior, noisy, clean) == pytest.approx(best, rel=0.04)
    independent = fit_posterior(network, noisy, PixelNoise(0.0, noise))
    assert error(network, independent, noisy, clean) > 1.1 * best


@pytest.mark.parametrize("smoothed", [False, True])
def test_correlated_noise_shows_in_the_residuals(smoothed: bool) -> None:
    network, (noisy, _) = ExactBlindSpot(0.002), recorded(0.2, smoothed)
    network.kernel.data.zero_()
    along, across = residual_correlation(network, noisy, PixelNoise(0.0, 0.2))
    assert across == pytest.approx(0, abs=0.05)
    assert (along > 0.4) == smoothed

"""Exact noise predictors of Gaussian images."""

import math

import torch
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings, Sampling
from sem_models.inference.diffusion.solver import STEPS
from sem_models.progress import Progress, silent


def kept_share(betas: str) -> Tensor:
    """The product of 1 - beta up to each time, from the papers: Ho et al. 2020; Nichol and Dhariwal 2021, (17)."""
    if betas == "linear":
        return torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
    s = 0.008
    f = [math.cos((t / 1000 + s) / (1 + s) * math.pi / 2) ** 2 for t in range(1001)]
    beta = torch.tensor([min(1 - f[t + 1] / f[t], 0.999) for t in range(1000)], dtype=torch.float64)
    return torch.cumprod(1 - beta, 0)


def settings(betas="linear", predicts="noise", steps=1000, **sampling) -> DiffusionSettings:
    return DiffusionSettings(betas=betas, predicts=predicts, sampling=Sampling(steps=steps, **sampling))


def exact(mean: float, sigma: float, betas: str, predicts: str):
    """The exact predictor for pixels that are independent Gaussians: the posterior mean of the noise."""
    a = kept_share(betas)

    def predict(x_t: Tensor, t: Tensor, progress: Progress = silent) -> Tensor:
        progress(1, 1, STEPS)
        share = a[t.cpu()].to(x_t)[:, None, None, None]
        variance = share * sigma**2 + 1 - share
        x_0 = mean + share.sqrt() * sigma**2 / variance * (x_t - share.sqrt() * mean)
        noise = (1 - share).sqrt() / variance * (x_t - share.sqrt() * mean)
        return noise if predicts == "noise" else share.sqrt() * noise - (1 - share).sqrt() * x_0

    return predict


def exact_for(posterior_mean, betas: str, predicts: str):
    """What a perfect network says of images whose `posterior_mean(x_t, share)` is known, `share` a float."""
    a = kept_share(betas)

    def predict(x_t: Tensor, t: Tensor, progress: Progress = silent) -> Tensor:
        progress(1, 1, STEPS)
        share = float(a[int(t[0])])
        x_0 = posterior_mean(x_t.double(), share)
        noise = (x_t - share**0.5 * x_0) / (1 - share) ** 0.5
        return (noise if predicts == "noise" else share**0.5 * noise - (1 - share) ** 0.5 * x_0).to(x_t)

    return predict


def of_mixture(weights, means, sigma: float):
    """Pixels are independent; each is of one of several Gaussians."""

    def posterior_mean(x_t: Tensor, share: float) -> Tensor:
        variance = share * sigma**2 + 1 - share
        away = x_t[..., None] - share**0.5 * torch.tensor(means)
        chance = torch.softmax(torch.tensor(weights).log() - away**2 / (2 * variance), -1)
        return (chance * (torch.tensor(means) + share**0.5 * sigma**2 / variance * away)).sum(-1)

    return posterior_mean


def of_spectrum(mean: float, power: Tensor):
    """Stationary Gaussian images on a torus with (H, W) `power`, which is 1 for white noise of variance 1."""

    def posterior_mean(x_t: Tensor, share: float) -> Tensor:
        kept = share**0.5 * power / (share * power + 1 - share)
        return mean + torch.fft.ifft2(kept * torch.fft.fft2(x_t - share**0.5 * mean)).real

    return posterior_mean


def of_saturated(mean: float, sigma: float):
    """Independent Gaussian pixels that a detector cuts off below black, -1: there are none below, and many there."""

    def phi(x: Tensor) -> Tensor:
        return torch.exp(-(x**2) / 2) / (2 * math.pi) ** 0.5

    def posterior_mean(x_t: Tensor, share: float) -> Tensor:
        variance = share * sigma**2 + 1 - share
        middle = mean + share**0.5 * sigma**2 / variance * (x_t - share**0.5 * mean)
        spread = sigma * ((1 - share) / variance) ** 0.5
        low = (-1 - middle) / spread
        above = torch.special.ndtr(-low)
        inside = phi((x_t - share**0.5 * mean) / variance**0.5) / variance**0.5
        black = phi((x_t + share**0.5) / (1 - share) ** 0.5) / (1 - share) ** 0.5
        black = black * torch.special.ndtr(torch.tensor((-1 - mean) / sigma, dtype=torch.float64))
        total = black + inside * above
        found = (inside * (middle * above + spread * phi(low)) - black) / total
        return torch.where(total > 0, found, x_t.clamp(-1, 1))

    return posterior_mean

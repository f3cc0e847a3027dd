"""Exact noise predictors of Gaussian images."""

import math

import torch
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings, Sampling


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

    def predict(x_t: Tensor, t: Tensor) -> Tensor:
        share = a[t.cpu()].to(x_t)[:, None, None, None]
        variance = share * sigma**2 + 1 - share
        x_0 = mean + share.sqrt() * sigma**2 / variance * (x_t - share.sqrt() * mean)
        noise = (1 - share).sqrt() / variance * (x_t - share.sqrt() * mean)
        return noise if predicts == "noise" else share.sqrt() * noise - (1 - share).sqrt() * x_0

    return predict

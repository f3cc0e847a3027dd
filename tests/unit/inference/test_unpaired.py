"""Translation between two Gaussian contrasts, whose exact predictors and optimal maps have closed forms."""

import pytest
import torch

from sem_models.inference.diffusion.noise_schedule import signed
from sem_models.inference.diffusion.solver import times
from sem_models.inference.diffusion.unpaired import Prior, ddib, sdedit
from tests.support.exact_diffusion import exact, kept_share, settings

DARK, BRIGHT = (-0.4, 0.1), (0.2, 0.15)
"""Mean and standard deviation of signed intensities."""


def contrast(kind, steps: int = 25, betas="linear", predicts="noise") -> Prior:
    return Prior(exact(*kind, betas, predicts), settings(betas, predicts, steps))


def image() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return (DARK[0] + DARK[1] * torch.randn(2, 1, 32, 32, generator=generator) + 1) / 2


@pytest.mark.parametrize("betas", ["linear", "cosine"])
def test_ddib_is_the_optimal_map_between_gaussians(betas) -> None:
    """Su et al., section 3: for Gaussians, mean and standard deviation change and every pixel keeps its rank."""
    found = signed(ddib(contrast(DARK, betas=betas), contrast(BRIGHT, betas=betas, predicts="velocity"), image()))
    wanted = BRIGHT[0] + BRIGHT[1] / DARK[1] * (signed(image()) - DARK[0])
    torch.testing.assert_close(found, wanted.clamp(-1, 1), atol=0.01, rtol=0)


def test_there_and_back_is_the_image_again() -> None:
    dark, bright = contrast(DARK), contrast(BRIGHT)
    there = ddib(dark, bright, image())
    assert (there - image()).abs().mean() > 0.2
    torch.testing.assert_close(ddib(bright, dark, there), image(), atol=0.005, rtol=0)
    assert torch.equal(ddib(dark, bright, image()), there), "deterministic"


@pytest.mark.parametrize("strength", [0.2, 0.5])
def test_sdedit_pulls_an_image_as_far_as_its_noise_allows(strength) -> None:
    """From the noise level with kept share a, the path is straight: m + s (x_t - sqrt(a) m) / sqrt(a s^2 + 1 - a)."""
    bright, given = contrast(BRIGHT), image()
    found = signed(sdedit(bright, given, strength, seed=3))
    mean, sigma = BRIGHT
    a = float(kept_share("linear")[round(1000 * strength) - 1])
    noise = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(3))
    noisy = a**0.5 * signed(given) + (1 - a) ** 0.5 * noise
    wanted = mean + sigma * (noisy - a**0.5 * mean) / (a * sigma**2 + 1 - a) ** 0.5
    torch.testing.assert_close(found, wanted.clamp(-1, 1), atol=0.03, rtol=0)


def test_strength_one_forgets_the_image_and_little_strength_keeps_it() -> None:
    bright = contrast(BRIGHT, 100)
    black, white = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    apart = {s: (sdedit(bright, white, s) - sdedit(bright, black, s)).abs().mean().item() for s in (0.01, 0.3, 1.0)}
    assert apart[0.01] > 0.9
    assert 0.9 > apart[0.3] > 0.1
    assert apart[1.0] < 0.01


def test_progress_counts_the_steps_that_are_taken() -> None:
    told: list[tuple[int, int]] = []
    bright = contrast(BRIGHT, 20)
    count = len(times(bright.settings))
    assert 18 <= count <= 20, "at the quiet end times lie farther apart than steps"
    sdedit(bright, image(), 0.4, progress=lambda done, total, what: told.append((done, total)))
    late = len(times(bright.settings, 399))
    assert 8 <= late < count
    assert told == [(done, late) for done in range(1, late + 1)]
    told.clear()
    ddib(bright, bright, image(), progress=lambda done, total, what: told.append((done, total)))
    assert told == [(done, 2 * count) for done in range(1, 2 * count + 1)]

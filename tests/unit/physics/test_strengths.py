"""Noise that differs from image to image: background electrons, and distortions of random strength."""

import math

import pytest
import torch

from sem_models.config.degradation import Degradation, Scan
from sem_models.config.overrides import override_degradation
from sem_models.config.presets.table import find_recipe
from sem_models.physics.degrade import degrade
from sem_models.physics.noise import add_noise


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_background_adds_its_noise_but_not_its_mean() -> None:
    """With the share b of the dose D at black, the variance is (b + (1 - b) x) / (D (1 - b)^2)."""
    noisy = add_noise(torch.full((1, 1, 400, 400), 0.25), 100.0, 0.0, generator(), (0.5, 0.5))
    assert float(noisy.mean()) == pytest.approx(0.25, abs=0.002)
    assert float(noisy.var()) == pytest.approx((0.5 + 0.5 * 0.25) / (100 * 0.25), rel=0.03)


def test_each_distortion_is_absent_or_uniformly_strong_and_independent_of_the_others() -> None:
    settings = Degradation(scale=1, read_noise=0.1, absent=0.25, scan=Scan(banding=0.05))
    noisy = degrade(torch.full((300, 1, 32, 128), 0.5), settings, generator())
    noise = (noisy - noisy.mean(dim=3, keepdim=True)).std(dim=(1, 2, 3))
    banding = (noisy.mean(dim=3).var(dim=2).flatten() - noise**2 / 128).clamp(min=0).sqrt()
    for strength, full in ((noise, 0.1), (banding, 0.05)):
        assert float((strength < 0.02 * full).float().mean()) == pytest.approx(0.25, abs=0.1)
        assert float(strength.mean()) == pytest.approx(0.75 * full / 2, rel=0.2)
        assert float(strength.max()) < 1.5 * full
    assert abs(float(torch.corrcoef(torch.stack([noise, banding]))[0, 1])) < 0.2


def test_lengths_of_streaks_are_between_half_a_pixel_and_the_one_given() -> None:
    settings = Degradation(scale=1, absent=0, scan=Scan(streaks=0.1, streak_length_px=4))
    noisy = degrade(torch.zeros(200, 1, 32, 256), settings, generator())
    along = (noisy[..., 1:] * noisy[..., :-1]).mean(dim=(1, 2, 3)) / noisy.square().mean(dim=(1, 2, 3))
    assert math.exp(-2) - 0.1 < float(along.min()) < math.exp(-1)
    assert math.exp(-0.5) < float(along.max()) < math.exp(-0.25) + 0.05


def test_a_recipe_of_old_keeps_its_dump_and_its_noise() -> None:
    plain = Degradation(scale=1, dose_e_per_px=50, read_noise=0.02)
    assert {"absent", "background"}.isdisjoint(plain.model_dump())
    drawn, left = generator(), generator()
    x = torch.full((2, 1, 8, 8), 0.5)
    assert torch.equal(degrade(x, plain, drawn), add_noise(x, 50.0, 0.02, left))
    assert torch.equal(drawn.get_state(), left.get_state())


def test_what_dumps_omit_can_be_set_and_switched_off() -> None:
    recipe = find_recipe("starter-denoise")
    assert recipe.degradation.absent is not None
    plain = override_degradation(recipe.degradation, ["degradation.absent=none", "degradation.background=none"])
    assert (plain.absent, plain.background) == (None, None)
    assert override_degradation(plain, ["degradation.background=0.1,0.2"]).background == (0.1, 0.2)

"""Random grey curves, compared with numpy's interpolation, counts of orders, and scipy's blur after them."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from sem_models.config.degradation import Blur, Degradation, GreyCurve, Scan
from sem_models.config.overrides import override, override_degradation
from sem_models.config.presets.table import RECIPES, find_recipe
from sem_models.physics.degrade import degrade
from sem_models.physics.grey_curve import draw_curves, draw_weights, remap

MANY = 4000


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shares(settings: GreyCurve) -> tuple[float, float]:
    """How many of the curves only rise, and how many only fall."""
    steps = draw_curves(MANY, settings, generator()).diff(dim=1)
    return (steps > 0).all(dim=1).float().mean().item(), (steps < 0).all(dim=1).float().mean().item()


@pytest.mark.parametrize("knots", [2, 5, 9])
def test_levels_are_interpolated_between_the_knots(knots: int) -> None:
    """All channels of an image on its own curve; what lies beyond 0 and 1 gets the level of the end."""
    settings = GreyCurve(knots=knots)
    x = torch.rand(3, 2, 16, 20, generator=generator(1)) * 1.4 - 0.2
    curves = draw_curves(3, settings, generator()).numpy()
    expected = [
        np.interp(image, np.linspace(0, 1, knots), curve) for image, curve in zip(x.numpy(), curves, strict=True)
    ]
    np.testing.assert_allclose(remap(x, settings, generator()), np.stack(expected), atol=1e-5)
    assert not np.allclose(curves[0], curves[1])


@pytest.mark.parametrize("monotone", [0.0, 0.5, 1.0])
def test_light_and_dark_are_exchanged_as_often_as_not(monotone: float) -> None:
    """A curve whose levels are independent has one of k! orders: by chance it also rises or falls."""
    knots = 4
    expected = monotone / 2 + (1 - monotone) / math.factorial(knots)
    deviation = math.sqrt(expected * (1 - expected) / MANY)
    for share in shares(GreyCurve(knots=knots, monotone=monotone)):
        assert share == pytest.approx(expected, abs=4 * deviation)


def test_levels_are_uniform_in_0_to_1() -> None:
    levels = draw_curves(MANY, GreyCurve(knots=8, monotone=0), generator()).flatten()
    assert levels.mean().item() == pytest.approx(0.5, abs=0.01)
    assert levels.var().item() == pytest.approx(1 / 12, rel=0.02)
    assert levels.min() >= 0 and levels.max() <= 1


def test_a_gain_saturates_as_many_levels_as_it_should() -> None:
    """A uniform level stays inside with probability 1 / gain, whose mean for a log-uniform gain is elementary."""
    largest = 8.0
    levels = draw_curves(MANY, GreyCurve(knots=8, monotone=0, gain=largest), generator())
    inside = ((levels > 0) & (levels < 1)).float().mean().item()
    assert inside == pytest.approx((1 - 1 / largest) / math.log(largest), abs=0.02)


def test_shading_mixes_two_curves() -> None:
    """Where a weight is 0 the first curve is left; flat structures get levels between those of both curves."""
    settings = GreyCurve(knots=2, monotone=1, shading=0.6, shading_px=(8, 8))
    flat = torch.full((1, 1, 64, 48), 0.3)
    drawn = generator(5)
    ends = [np.interp(0.3, [0, 1], draw_curves(1, settings, drawn)[0].numpy()) for _ in range(2)]
    weights = draw_weights(flat, settings, drawn)[0, 0].numpy()
    made = remap(flat, settings, generator(5))[0, 0].numpy()
    np.testing.assert_allclose(made, ends[0] + weights * (ends[1] - ends[0]), atol=1e-6)
    assert np.ptp(made) > 0.2 * abs(ends[1] - ends[0])


def test_weights_of_the_shading() -> None:
    """Uniform at grid points, linear in between: kinks along a line are one spacing apart; each image has its own."""
    settings = GreyCurve(shading=0.8, shading_px=(16, 16))
    weights = draw_weights(torch.zeros(64, 1, 80, 112), settings, generator())
    assert weights.shape == (64, 1, 80, 112)
    assert weights.min() >= 0 and weights.max() <= 0.8
    assert weights.mean().item() == pytest.approx(0.4, abs=0.01)
    assert not torch.equal(weights[0], weights[1])
    for axis in (1, 2):
        kinks = (weights[0].diff(n=2, dim=axis).abs() > 1e-5).squeeze(0).any(dim=2 - axis)
        places = kinks.nonzero().flatten()
        # Between two pixels, a grid point bends the line at both.
        starts = places[torch.cat([torch.tensor([True]), places.diff() > 1])]
        assert len(starts) >= 4
        assert set(starts.diff().tolist()) <= {15, 16, 17}


def test_a_seed_gives_the_same_curves_again() -> None:
    x = torch.rand(2, 1, 8, 8, generator=generator(1))
    settings = GreyCurve(gain=4, shading=0.5)
    first, again, other = (remap(x, settings, generator(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_lens_blurs_the_new_contrast() -> None:
    """In the other order, edges would get rims that no lens makes."""
    sharp = (np.indices((48, 48)).sum(axis=0) % 12 / 11).astype(np.float32)
    curve = GreyCurve(knots=5, monotone=0)
    levels = draw_curves(1, curve, generator(2))[0].numpy()
    knots = np.linspace(0, 1, 5)
    forward = Degradation(scale=1, grey_curve=curve, blur=Blur(size_px=(2, 2)))
    made = degrade(torch.from_numpy(sharp)[None, None], forward, generator(2))[0, 0].numpy()
    inner = np.s_[10:-10, 10:-10]
    expected = gaussian_filter(np.interp(sharp, knots, levels), 2.0)
    other = np.interp(gaussian_filter(sharp, 2.0), knots, levels)
    np.testing.assert_allclose(made[inner], expected[inner], atol=2e-3)
    assert np.abs(other - expected)[inner].max() > 0.05


def test_a_curve_alone_is_a_degradation_that_leaves_the_size() -> None:
    forward = Degradation(scale=1, grey_curve=GreyCurve())
    assert not forward.is_empty
    assert not forward.model_copy(update={"scale": 2}).only_reduces
    assert not forward.is_noisy


def test_recipes_without_curves_are_written_as_before() -> None:
    with_curves = {name for name, recipe in RECIPES.items() if "grey_curve" in recipe.model_dump_json()}
    assert with_curves == {"contrast-agnostic-translate", "contrast-agnostic-translate-small"}


def test_settings_are_written_by_hand() -> None:
    recipe = override(find_recipe("unet-translate-small"), ["degradation.grey_curve.knots=9"])
    assert recipe.degradation.grey_curve == GreyCurve(knots=9)
    none = override_degradation(find_recipe("contrast-agnostic-translate").degradation, ["degradation.grey_curve=none"])
    assert none.grey_curve is None


def test_charging_needs_the_recorded_levels() -> None:
    with pytest.raises(ValidationError, match=r"leave out grey_curve or scan\.charging"):
        Degradation(scale=1, grey_curve=GreyCurve(), scan=Scan(charging=0.1))

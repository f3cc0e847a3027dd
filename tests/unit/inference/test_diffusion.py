"""Diffusion compared with closed forms: forward process, sampling with exact predictors, guidance, model samples."""

from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.diffusion.noise_schedule import ForwardProcess, signed, unit
from sem_models.inference.diffusion.solver import decode, encode, times
from sem_models.inference.diffusion.unpaired import prior_of
from sem_models.inference.storage import build_model
from sem_models.networks.table import build_network
from tests.support.exact_diffusion import exact, kept_share, settings
from tests.support.small_recipes import narrow

BETAS = ("linear", "cosine")
PREDICTS = ("noise", "velocity")


@pytest.mark.parametrize("betas", BETAS)
def test_noised_images_have_the_mean_and_variance_of_the_paper(betas) -> None:
    """x_t is normal with mean sqrt(a) x_0 and variance 1 - a."""
    process, generator = ForwardProcess(settings(betas)), torch.Generator().manual_seed(0)
    x_0 = torch.full((4, 1, 128, 128), 0.6)
    t = torch.tensor([0, 250, 600, 999])
    x_t = process.noised(x_0, torch.randn(x_0.shape, generator=generator), t)
    a = kept_share(betas)[t]
    deviation = (1 - a).sqrt() / 128
    assert (x_t.mean((1, 2, 3)).double() - 0.6 * a.sqrt()).abs().lt(5 * deviation).all()
    torch.testing.assert_close(x_t.var((1, 2, 3)).double(), 1 - a, rtol=0.05, atol=0)


@pytest.mark.parametrize("betas", BETAS)
def test_noise_and_velocity_turn_x_t_by_an_angle(betas) -> None:
    """Salimans and Ho: x_0 = sqrt(a) x_t - sqrt(1 - a) v."""
    generator = torch.Generator().manual_seed(0)
    x_0, noise = torch.rand(3, 1, 8, 8, generator=generator), torch.randn(3, 1, 8, 8, generator=generator)
    t = torch.tensor([3, 400, 990])
    process = ForwardProcess(settings(betas, "velocity"))
    a = kept_share(betas)[t].float()[:, None, None, None]
    x_t = process.noised(x_0, noise, t)
    torch.testing.assert_close(a.sqrt() * x_t - (1 - a).sqrt() * process.wanted(x_0, noise, t), x_0, atol=1e-5, rtol=0)
    assert torch.equal(ForwardProcess(settings(betas)).wanted(x_0, noise, t), noise)


@pytest.mark.parametrize("betas", BETAS)
@pytest.mark.parametrize("predicts", PREDICTS)
def test_an_exact_predictor_draws_its_gaussian(betas, predicts) -> None:
    """Standard normal noise becomes mean -0.3 and standard deviation 0.2, and pixels keep their order."""
    noise = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    drawn = decode(exact(-0.3, 0.2, betas, predicts), settings(betas, predicts, 250), noise, clip=False)
    torch.testing.assert_close(drawn, -0.3 + 0.2 * noise, atol=0.002, rtol=0)


@pytest.mark.parametrize("predicts", PREDICTS)
@pytest.mark.parametrize("steps", [1, 4, 50])
def test_a_single_image_is_found_in_any_number_of_steps(predicts, steps) -> None:
    """If all images are identical, the predicted noise is exact at every time, so the path is a straight line."""
    noise = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    drawn = decode(exact(0.4, 0.0, "linear", predicts), settings("linear", predicts, steps), noise)
    torch.testing.assert_close(drawn, torch.full_like(drawn, 0.4), atol=1e-4, rtol=0)


@pytest.mark.parametrize("predicts", PREDICTS)
def test_encoded_and_decoded_is_the_image_again(predicts) -> None:
    """Both solve the same differential equation, so the result is closer for smaller steps."""
    image = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0)) - 0.5
    predict, error = exact(-0.1, 0.3, "linear", predicts), {}
    for steps in (25, 50):
        asked = settings("linear", predicts, steps)
        noise = encode(predict, asked, image)
        error[steps] = (noise - (image + 0.1) / 0.3).abs().max().item()
        torch.testing.assert_close(decode(predict, asked, noise, clip=False), image, atol=0.001, rtol=0)
    assert error[25] < 0.03
    assert error[50] < 0.35 * error[25]


@pytest.mark.parametrize("betas", BETAS)
def test_there_and_back_keeps_the_finest_texture(betas) -> None:
    """Of 2 % of the range, in the steps of a preset; DDIM loses three quarters of it in twice as many."""
    image = 0.04 * torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    predict, asked = exact(0.0, 0.04, betas, "noise"), settings(betas, "noise", 25)
    back = decode(predict, asked, encode(predict, asked, image), clip=False)
    assert (back - image).std().item() < 0.02 * 0.04


def test_times_begin_with_nothing_but_noise_and_end_with_the_least() -> None:
    assert times(settings(steps=4)) == [999, 603, 73, 0]
    assert times(settings(steps=1)) == [999]
    assert times(settings(steps=4), 400)[0] == 400
    assert times(settings(steps=30))[-1] == 0
    with pytest.raises(ValueError, match=r"at most timesteps \(1000\)"):
        settings(steps=1001)


def test_clipping_holds_what_is_foreseen_in_range() -> None:
    """A predictor that gives 3 everywhere ends at the limit of the range."""
    noise = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    wild = exact(3.0, 0.0, "linear", "noise")
    assert decode(wild, settings(steps=10), noise).max().item() == pytest.approx(1.0, abs=1e-5)
    assert decode(wild, settings(steps=10), noise, clip=False).min().item() == pytest.approx(3.0, abs=1e-2)


def model_of(name: str, *changes: str) -> DiffusionModel:
    recipe: Recipe = override(narrow(find_recipe(name)), ["diffusion.sampling.steps=4", *changes])
    torch.manual_seed(0)
    model = build_model(recipe, build_network(recipe.network).state_dict(), torch.device("cpu"))
    assert isinstance(model, DiffusionModel)
    return model


def one_hot(count: int = 2, size: int = 16) -> Tensor:
    labels = torch.randint(3, (count, size, size), generator=torch.Generator().manual_seed(1))
    return nn.functional.one_hot(labels, 3).permute(0, 3, 1, 2).float()


def test_equal_seeds_give_equal_images_whatever_lies_beside_them() -> None:
    model, maps = model_of("ddpm-masks-small"), one_hot()
    both = model(maps)
    assert both.shape == (2, 1, 16, 16)
    assert torch.equal(model(maps), both)
    torch.testing.assert_close(model(maps[1:]), both[1:], atol=1e-5, rtol=0)
    other = override(model.recipe, ["diffusion.sampling.seed=1"])
    assert (replace(model, recipe=other)(maps) - both).abs().max() > 0.1


def test_mean_and_deviation_are_those_of_the_samples() -> None:
    model, maps = model_of("ddpm-masks-small", "diffusion.sampling.samples=3"), one_hot()
    told: list[tuple[int, int]] = []
    drawn = model.draw(2, (16, 16), maps, progress=lambda done, total, what: told.append((done, total)))
    assert drawn.samples.shape == (3, 2, 1, 16, 16)
    assert torch.equal(model(maps), drawn.mean)
    expected = drawn.samples.numpy().std(axis=0)
    torch.testing.assert_close(drawn.std, torch.from_numpy(expected), atol=1e-6, rtol=1e-4)
    assert expected.min() > 0 or expected.max() > 0.1, "samples differ"
    assert told == [(done, 24) for done in range(1, 25)], "three samples of two images in four steps"
    single = model_of("ddpm-masks-small").draw(2, (16, 16), maps)
    assert single.std.abs().max() == 0


def test_guidance_extrapolates_from_the_unconditional_prediction() -> None:
    """1 is the conditional model, 0 the unconditional one, and other values are on the line through both."""
    maps = one_hot()
    x_t, t = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(2)), torch.tensor([500, 500])
    said = {}
    for weight in (0, 1, 2.5):
        model = model_of("ddpm-masks-small", f"diffusion.sampling.guidance={weight}")
        said[weight] = model.predict(x_t, t, maps)
    assert torch.equal(said[1], model.network(x_t, t, maps))
    assert torch.equal(said[0], model.network(x_t, t))
    assert (said[1] - said[0]).abs().max() > 1e-3
    torch.testing.assert_close(said[2.5], said[0] + 2.5 * (said[1] - said[0]), atol=1e-5, rtol=1e-4)


def test_guidance_needs_conditions_dropped_in_training() -> None:
    """Without conditions dropped in training there is no unconditional prediction: no guidance, no free sampling."""
    never = ("diffusion.drop_condition=0", "diffusion.sampling.guidance=2.5")
    model, maps = model_of("ddpm-masks-small", *never), one_hot()
    with pytest.raises(UserError, match=r"drop_condition=0 .* guidance 2.5 needs; leave"):
        model(maps)
    plain = model_of("ddpm-masks-small", never[0])
    assert torch.isfinite(plain(maps)).all()
    with pytest.raises(UserError, match="drawing without a condition needs"):
        prior_of(plain)
    free = model_of("ddpm-small", never[0])
    assert torch.isfinite(free.draw(1, (16, 16)).mean).all(), "where there is no condition, none is missed"


def test_no_condition_is_none_of_the_conditions() -> None:
    """A dropped condition leaves no trace, and an all-zero condition differs from none."""
    network = model_of("ddpm-masks-small").network
    x_t, t = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(2)), torch.tensor([500, 20])
    none = network(x_t, t)
    dropped = network(x_t, t, one_hot(), torch.tensor([False, True]))
    torch.testing.assert_close(dropped[0], none[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(dropped[1], network(x_t, t, one_hot())[1], atol=1e-6, rtol=0)
    for level in (0.0, 0.5, 1.0):
        assert (network(x_t, t, torch.full((2, 3, 16, 16), level)) - none).abs().max() > 1e-4


def test_a_model_without_a_condition_is_no_function_of_an_image() -> None:
    model = model_of("ddpm-small")
    with pytest.raises(UserError, match="use synthesise"):
        model(torch.rand(1, 1, 16, 16))
    free = model.draw(3, (16, 24), seed=5)
    assert free.samples.shape == (1, 3, 1, 16, 24)
    assert (free.samples[0, 0] - free.samples[0, 1]).abs().max() > 0.1, "each image has noise of its own"


def test_signed_and_unit_are_inverse_inside_the_scale() -> None:
    image = torch.linspace(0, 1, 11)
    torch.testing.assert_close(unit(signed(image)), image)
    assert unit(torch.tensor([-2.0, 2.0])).tolist() == [0.0, 1.0]
    assert signed(torch.tensor([0.0, 1.0])).tolist() == [-1.0, 1.0]


def test_settings_and_network_belong_together() -> None:
    with pytest.raises(UserError, match="needs diffusion settings"):
        override(find_recipe("ddpm-small"), ["diffusion=none"])
    with pytest.raises(UserError, match="attention must name levels"):
        override(find_recipe("ddpm-small"), ["network.attention=4,"])


@pytest.mark.parametrize("betas", ["linear", "cosine"])
@pytest.mark.parametrize("timesteps", [50, 100, 1000])
def test_nothing_is_left_of_an_image_at_the_last_time(betas: Literal["linear", "cosine"], timesteps: int) -> None:
    """Sampling starts there with noise alone; the remaining share of the image is sqrt(a_t)."""
    forward = ForwardProcess(DiffusionSettings(timesteps=timesteps, betas=betas))
    image = torch.ones(1, 1, 1, 1)
    left = [float(forward.noised(image, 0 * image, torch.tensor([t]))) for t in (0, timesteps // 2, timesteps - 1)]
    assert left[0] > 0.99
    assert 0.1 < left[1] < 0.9
    assert left[2] < 0.02

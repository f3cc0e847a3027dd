"""What a diffusion model draws has the statistics of what it learned, where its predictor is exact.

Every test starts from distributions whose posterior mean is known in closed form. Nothing else than the solver can
then make texture weaker or stronger than that of the images.
"""

import pytest
import torch
from torch import Tensor, nn

from sem_models.config.method_settings import DiffusionSettings, Sampling
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.features.weights import declare_torchvision_ops
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.diffusion.noise_schedule import signed
from sem_models.inference.diffusion.solver import decode, times
from sem_models.progress import Progress, silent
from tests.support.exact_diffusion import exact, exact_for, kept_share, of_mixture, of_saturated, of_spectrum

BETAS = ("linear", "cosine")
PREDICTS = ("noise", "velocity")
RANGE = 2
"""Of signed intensities."""


def drawing(betas: str, predicts: str = "noise", **sampling: int) -> DiffusionSettings:
    """With the number of steps that presets have, unless another is given."""
    return DiffusionSettings(betas=betas, predicts=predicts, sampling=Sampling(**sampling))


def white(size: int = 256) -> Tensor:
    """(1, 1, size, size) with mean 0 and deviation 1 exactly, so that no tolerance is spent on chance."""
    noise = torch.randn(1, 1, size, size, generator=torch.Generator().manual_seed(0))
    return (noise - noise.mean()) / noise.std()


def by_uniform_ddim(predict, betas: str, noisy: Tensor, steps: int = 50) -> Tensor:
    """The sampler of version 0.1, straight from diffusers."""
    declare_torchvision_ops()
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(**betas_of(betas), clip_sample=False, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        noisy = scheduler.step(predict(noisy, t.expand(len(noisy))), int(t), noisy).prev_sample
    return noisy


def betas_of(betas: str) -> dict[str, object]:
    return {"beta_schedule": {"linear": "linear", "cosine": "squaredcos_cap_v2"}[betas], "num_train_timesteps": 1000}


@pytest.mark.parametrize("betas", BETAS)
@pytest.mark.parametrize("predicts", PREDICTS)
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_texture_keeps_its_deviation_and_mean(betas, predicts, share) -> None:
    """Of 2, 5 and 10 % of the range, within 3 % of itself, in the default number of steps."""
    settings, sigma = drawing(betas, predicts), share * RANGE
    assert 20 <= settings.sampling.steps <= 30
    drawn = decode(exact(0.1, sigma, betas, predicts), settings, white())
    assert drawn.std().item() == pytest.approx(sigma, rel=0.03)
    assert drawn.mean().item() == pytest.approx(0.1, abs=0.001 * RANGE)


@pytest.mark.parametrize(("share", "kept"), [(0.02, 0.45), (0.05, 0.74), (0.1, 0.87)])
def test_uniform_ddim_would_fail_by_far(share, kept) -> None:
    """Twice as many steps of it; this is why the sampler was replaced."""
    drawn = by_uniform_ddim(exact(0.1, share * RANGE, "linear", "noise"), "linear", white())
    assert drawn.std().item() / (share * RANGE) == pytest.approx(kept, abs=0.01)


@pytest.mark.parametrize("betas", BETAS)
def test_spectrum_of_a_correlated_texture_is_kept(betas) -> None:
    """Power falls with the square of the frequency, from 8 % to 1 % of the range: amplitude of each band within 3 %."""
    frequency = torch.fft.fftfreq(256, dtype=torch.float64)
    radius = (frequency[:, None] ** 2 + frequency**2).sqrt()
    power = 0.16**2 / (1 + (radius / 0.05) ** 2)
    noise = white()
    drawn = decode(exact_for(of_spectrum(0.1, power), betas, "noise"), drawing(betas), noise)
    found, given = (torch.fft.fft2(image[0, 0].double()).abs() ** 2 for image in (drawn - 0.1, noise))
    for low, high in ((0, 0.01), (0.01, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.35)):
        band = (radius > low) & (radius <= high)
        amplitude = (found[band].sum() / (given * power)[band].sum()).sqrt().item()
        assert amplitude == pytest.approx(1, abs=0.03), f"{low} to {high} cycles/px"
    assert drawn.mean().item() == pytest.approx(0.1, abs=0.001 * RANGE)


@pytest.mark.parametrize("betas", BETAS)
def test_two_phases_keep_their_shares_and_grey_levels(betas) -> None:
    """30 % at -0.5 and 70 % at 0.3, each with a texture of 3 % of the range."""
    weights, means, sigma = (0.3, 0.7), (-0.5, 0.3), 0.03 * RANGE
    predict = exact_for(of_mixture(weights, means, sigma), betas, "noise")
    drawn = decode(predict, drawing(betas), white())
    dark = drawn < -0.1
    assert dark.float().mean().item() == pytest.approx(weights[0], abs=0.01)
    for phase, mean in ((drawn[dark], means[0]), (drawn[~dark], means[1])):
        assert phase.mean().item() == pytest.approx(mean, abs=0.005)
        # Where the phases meet the path bends sharply: 6 % too much with 25 steps, 2 % with 50.
        assert phase.std().item() == pytest.approx(sigma, rel=0.07)


@pytest.mark.parametrize("betas", BETAS)
@pytest.mark.parametrize(("mean", "share"), [(-0.95, 0.05), (-1.0, 0.05), (-0.9, 0.02)])
def test_holding_images_in_range_does_not_shift_dark_ones(betas, mean, share) -> None:
    """Near the end of the scale, with and without pixels that are black in the images too."""
    noise, settings, sigma = white(), drawing(betas), share * RANGE
    wanted = (mean + sigma * noise).clamp(-1, 1)
    saturated = exact_for(of_saturated(mean, sigma), betas, "noise")
    for predict in (saturated, exact(mean, sigma, betas, "noise")):
        drawn = decode(predict, settings, noise).clamp(-1, 1)
        assert drawn.mean().item() == pytest.approx(wanted.mean().item(), abs=0.001 * RANGE)
        assert drawn.std().item() == pytest.approx(wanted.std().item(), rel=0.03)
    free = decode(saturated, settings, noise, clip=False)
    torch.testing.assert_close(decode(saturated, settings, noise), free, atol=0.002, rtol=0)


class TwoContrasts(nn.Module):
    """Exact for images of one grey level with a condition, and of another without."""

    def __init__(self, mean: float, unconditional_mean: float, sigma: float) -> None:
        super().__init__()
        self.register_parameter("device", nn.Parameter(torch.zeros(1)))
        self.given = exact(mean, sigma, "cosine", "velocity")
        self.free = exact(unconditional_mean, sigma, "cosine", "velocity")

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.free(x_t, t) if condition is None else self.given(x_t, t)


@pytest.mark.parametrize("guidance", [0, 1, 2.5])
def test_guidance_moves_the_mean_and_leaves_the_texture(guidance) -> None:
    """Two Gaussians of one deviation, extrapolated, are a third one: m0 + w (m1 - m0), with the same deviation."""
    recipe = override(find_recipe("ddpm-masks-small"), [f"diffusion.sampling.guidance={guidance}"])
    assert recipe.diffusion is not None
    assert (recipe.diffusion.betas, recipe.diffusion.predicts) == ("cosine", "velocity")
    model = DiffusionModel(recipe, TwoContrasts(-0.1, -0.3, 0.04), "two contrasts")
    drawn = signed(model.draw(1, (256, 256), torch.zeros(1, 3, 256, 256)).samples)
    assert drawn.mean().item() == pytest.approx(-0.3 + 0.2 * guidance, abs=0.001 * RANGE)
    assert drawn.std().item() == pytest.approx(0.04, rel=0.03)


@pytest.mark.parametrize("betas", BETAS)
@pytest.mark.parametrize("predicts", PREDICTS)
def test_the_way_is_that_of_diffusers(betas, predicts) -> None:
    """At every step both are asked about the same image; only the last, noiseless step is our own."""
    declare_torchvision_ops()
    from diffusers import DPMSolverMultistepScheduler

    settings = drawing(betas, predicts)
    predict = exact_for(of_mixture((0.3, 0.7), (-0.5, 0.3), 0.06), betas, predicts)
    ours, theirs = asked(predict), asked(predict)
    decode(ours, settings, white(32), clip=False)
    kind = "epsilon" if predicts == "noise" else "v_prediction"
    scheduler = DPMSolverMultistepScheduler(**betas_of(betas), prediction_type=kind, final_sigmas_type="zero")
    scheduler.set_timesteps(timesteps=times(settings))
    noisy = white(32)
    for t in scheduler.timesteps:
        noisy = scheduler.step(theirs(noisy, t.expand(1)), t, noisy).prev_sample
    assert [t for t, _ in ours.seen] == [t for t, _ in theirs.seen] == times(settings)
    for (t, one), (_, other) in zip(ours.seen, theirs.seen, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=0, msg=f"time {t}")


def asked(predict):
    """The predictor, with (time, image) of every call in `seen`."""

    def told(noisy: Tensor, t: Tensor, progress: Progress = silent) -> Tensor:
        told.seen.append((int(t[0]), noisy.clone()))
        return predict(noisy, t, progress)

    told.seen = []
    return told


@pytest.mark.parametrize("betas", BETAS)
@pytest.mark.parametrize("timesteps", [50, 100, 1000])
def test_steps_are_uniform_in_log_snr(betas, timesteps) -> None:
    settings = drawing(betas).model_copy(update={"timesteps": timesteps})
    path = times(settings)
    assert path[-1] == 0
    assert path == sorted(set(path), reverse=True)
    assert len(path) <= settings.sampling.steps
    if timesteps == 1000:
        share = kept_share(betas)[path]
        log_snr = (share / (1 - share)).log() / 2
        assert log_snr[0] < -5
        steps = log_snr.diff()
        assert ((steps - steps.mean()).abs() < 0.5 * steps.mean()).float().mean() > 0.8


def test_a_recipe_that_names_its_steps_keeps_them() -> None:
    """Runs of earlier versions say 50."""
    stored = drawing("linear", steps=50)
    told: list[int] = []
    decode(exact(0.0, 0.1, "linear", "noise"), stored, white(8), progress=lambda done, total, what: told.append(total))
    assert len(told) == len(times(stored))
    assert 45 <= len(told) <= 50

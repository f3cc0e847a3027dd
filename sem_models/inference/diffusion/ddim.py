"""Deterministic DDIM (Song, Meng and Ermon, ICLR 2021, eta 0): from noise to image, and from image to noise.

Images are signed as in `sem_models.inference.diffusion.noise_schedule`. A `Predictor`
is any function that tells what was added: a trained network, or in tests an exact one.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.features.weights import declare_torchvision_ops
from sem_models.inference.diffusion.noise_schedule import constants
from sem_models.progress import Progress, silent

NoisePredictor = Callable[[Tensor, Tensor], Tensor]
"""(N, C, H, W) noisy and (N,) times to noise or velocity, whatever the settings say."""
_WHAT = "denoising steps"


def decode(
    predict: NoisePredictor,
    settings: DiffusionSettings,
    noisy: Tensor,
    begin: int = 0,
    *,
    clip: bool = True,
    progress: Progress = silent,
) -> Tensor:
    """Take the noise away.

    Args:
        predict: What is in the image.
        settings: Of the training, with the number of steps to take.
        noisy: (N, C, H, W) standard normal; or, with `begin`, an image with the noise of that step.
        begin: Steps that are left out at the noisy end.
        clip: Hold the image that is foreseen at each step between -1 and 1, and take the noise to be the rest. Not
            where `encode` is to be undone.
        progress: Told after each step.

    Returns:
        (N, C, H, W) signed.
    """
    scheduler = _scheduler("DDIMScheduler", settings, clip)
    for index, t in enumerate(_times(scheduler, settings)[begin:]):
        predicted = predict(noisy, t.expand(len(noisy)).to(noisy.device))
        noisy = scheduler.step(predicted, int(t), noisy, use_clipped_model_output=clip).prev_sample
        progress(index + 1, settings.sampling.steps - begin, _WHAT)
    return noisy


def encode(predict: NoisePredictor, settings: DiffusionSettings, image: Tensor, progress: Progress = silent) -> Tensor:
    """The noise from which `decode` without clipping makes (N, C, H, W) signed `image` again, up to the step size."""
    scheduler = _scheduler("DDIMInverseScheduler", settings, clip=False)
    noisy = image
    for index, t in enumerate(_times(scheduler, settings)):
        predicted = predict(noisy, t.expand(len(noisy)).to(noisy.device))
        noisy = scheduler.step(predicted, int(t), noisy).prev_sample
        progress(index + 1, settings.sampling.steps, _WHAT)
    return noisy


def times(settings: DiffusionSettings) -> list[int]:
    """Time steps in the order in which `decode` takes them, from the noisiest on."""
    return [int(t) for t in _times(_scheduler("DDIMScheduler", settings, clip=True), settings)]


def _scheduler(kind: str, settings: DiffusionSettings, clip: bool) -> Any:
    declare_torchvision_ops()
    import diffusers

    # Trailing: the first step is taken at the last time, where there is nothing but noise.
    return getattr(diffusers, kind)(
        **constants(settings), clip_sample=clip, set_alpha_to_one=True, timestep_spacing="trailing"
    )


def _times(scheduler: Any, settings: DiffusionSettings) -> Tensor:
    scheduler.set_timesteps(settings.sampling.steps)
    found: Tensor = scheduler.timesteps
    return found

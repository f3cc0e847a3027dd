"""The sampler of version 0.1, by diffusers: deterministic DDIM (Song, Meng and Ermon, ICLR 2021), uniform in time."""

from typing import Any

from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.features.weights import declare_torchvision_ops
from sem_models.inference.diffusion.solver import NoisePredictor
from sem_models.progress import silent


def by_ddim(predict: NoisePredictor, settings: DiffusionSettings, noisy: Tensor, steps: int, *, clip: bool) -> Tensor:
    """Draw from noise, the first step at the last time.

    Args:
        predict: Predicts noise or velocity, as the settings say.
        settings: Settings of the training, whose noise schedule is used.
        noisy: (N, C, H, W) standard normal.
        steps: Number of denoising steps.
        clip: Clip the image that is predicted at each step to [-1, 1], and take the rest as noise.

    Returns:
        (N, C, H, W) signed.
    """
    declare_torchvision_ops()
    from diffusers import DDIMScheduler

    scheduler: Any = DDIMScheduler(
        num_train_timesteps=settings.timesteps,
        beta_start=0.1 / settings.timesteps,
        beta_end=20 / settings.timesteps,
        beta_schedule="linear" if settings.betas == "linear" else "squaredcos_cap_v2",
        prediction_type="epsilon" if settings.predicts == "noise" else "v_prediction",
        clip_sample=clip,
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        predicted = predict(noisy, t.expand(len(noisy)), silent)
        noisy = scheduler.step(predicted, int(t), noisy, use_clipped_model_output=clip).prev_sample
    return noisy

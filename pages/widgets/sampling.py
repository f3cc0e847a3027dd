"""How many steps a diffusion model may take to draw an image."""

from sem_models.config.method_settings import DiffusionSettings

_STEPS = (5, 10, 20, 25, 50, 100, 200, 250)


def step_choices(settings: DiffusionSettings) -> tuple[list[int], int]:
    """Numbers of denoising steps that the process has, and the place of the recipe's own among them."""
    own = settings.sampling.steps
    offered = sorted({own, *(steps for steps in _STEPS if steps <= settings.timesteps)})
    return offered, offered.index(own)

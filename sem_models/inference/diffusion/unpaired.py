"""From one contrast to another without pairs, by diffusion models that each learned one contrast alone.

SDEdit (Meng et al., ICLR 2022) drowns the fine detail of the source in noise and lets the model of the target draw it
anew: what is coarse stays, the more so the lower the strength. DDIB (Su et al., ICLR 2023) finds the noise from which
the model of the source would draw the image, and hands it to the model of the target: there and back is the same
path. Its authors use DDIM; here a second-order solver runs both ways, which loses less of the texture. Neither method
knows which structures correspond, so structure has to be checked in the result.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.inference.diffusion.model import DiffusionModel, require_unconditional
from sem_models.inference.diffusion.noise_schedule import ForwardProcess, normal, signed, unit
from sem_models.inference.diffusion.solver import NoisePredictor, decode, encode, times
from sem_models.progress import Progress, part_of, silent


@dataclass(frozen=True)
class Prior:
    """What a diffusion model has learned about the images of one contrast."""

    predict: NoisePredictor
    settings: DiffusionSettings


def prior_of(model: DiffusionModel) -> Prior:
    """Return what a model has learned, by its unconditional prediction, which is computed in tiles.

    Raises:
        UserError: The model takes a condition and never learned to do without.
    """
    require_unconditional(model.recipe, model.name, with_condition=False)
    return Prior(model.tiled.given(None), model.settings)


def sdedit(target: Prior, image: Tensor, strength: float, seed: int = 0, progress: Progress = silent) -> Tensor:
    """Add noise to an image and remove it with the model of the target contrast.

    Args:
        target: What the result should look like.
        image: (N, C, H, W) unit intensities; H and W are multiples of what the network needs.
        strength: Fraction of the noising time steps, above 0 to 1; 1 forgets the image.
        seed: Of the noise, which is the same for every image of the batch.
        progress: Told after each row of tiles of each step.

    Returns:
        (N, C, H, W) unit intensities.
    """
    noisiest = min(max(round(strength * target.settings.timesteps), 1) - 1, times(target.settings)[0])
    t = torch.full((len(image),), noisiest, device=image.device)
    noise = normal((1, *image.shape[1:]), torch.Generator().manual_seed(seed), image.device).expand_as(image)
    noisy = ForwardProcess(target.settings).noised(signed(image), noise, t)
    return unit(decode(target.predict, target.settings, noisy, noisiest, progress=progress))


def ddib(source: Prior, target: Prior, image: Tensor, progress: Progress = silent) -> Tensor:
    """Encode as the source contrast, decode as the target one; deterministic.

    Args:
        source: The contrast of the image.
        target: The contrast of the result.
        image: (N, C, H, W) unit intensities; H and W are multiples of what both networks need.
        progress: Told after each row of tiles of each step.

    Returns:
        (N, C, H, W) unit intensities.
    """
    noise = encode(source.predict, source.settings, signed(image), part_of(progress, 0, 2))
    # Unclipped, as the encoder was: only so is it the same path.
    return unit(decode(target.predict, target.settings, noise, clip=False, progress=part_of(progress, 1, 2)))

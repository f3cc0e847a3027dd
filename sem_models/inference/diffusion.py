"""A trained diffusion model: K images for one condition, their mean, and as its doubt their standard deviation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sem_models.errors import UserError
from sem_models.inference.ddim import NoisePredictor, decode
from sem_models.inference.guidance import require_unconditional
from sem_models.inference.noise_field import ORIGIN, Place, noise_at
from sem_models.methods.noise_schedule import unit
from sem_models.progress import Progress, silent
from sem_models.trained import RestorationModel
from sem_models.training.method_settings import DiffusionSettings


@dataclass(frozen=True)
class Drawn:
    """Images of one condition."""

    samples: Tensor
    """(K, N, C, H, W) unit intensities."""

    @property
    def mean(self) -> Tensor:
        """(N, C, H, W)."""
        return self.samples.mean(dim=0)

    @property
    def std(self) -> Tensor:
        """(N, C, H, W), of the population; 0 for a single sample."""
        return self.samples.std(dim=0, correction=0)


@dataclass(frozen=True)
class DiffusionModel(RestorationModel):
    """As any model a function of an image, here the condition; what it draws is fixed by the seed of its recipe."""

    places: tuple[Place, ...] = ()
    """Of each image of a batch, where these are tiles of a larger one; empty: all begin at the origin."""

    @property
    def settings(self) -> DiffusionSettings:
        """Those of the recipe."""
        if self.recipe.diffusion is None:
            raise TypeError(f"{self.recipe.name} is no recipe of diffusion")
        return self.recipe.diffusion

    def __call__(self, x: Tensor) -> Tensor:
        """(N, K, H, W) float32 condition to (N, C, H, W) unit intensities, the mean of `sampling.samples` images.

        Raises:
            UserError: The model draws from noise alone.
        """
        if not self.capabilities.channels_in:
            raise UserError(f"{self.name} takes no image, it draws from noise alone; use synthesise.")
        return self.draw(len(x), (x.shape[2], x.shape[3]), x).mean

    def placed(self, places: tuple[Place, ...]) -> "DiffusionModel":
        """The same model for a batch of tiles, each of which gets the noise of its place in the whole image."""
        return replace(self, places=places)

    def draw(
        self,
        count: int,
        size: tuple[int, int],
        condition: Tensor | None = None,
        seed: int | None = None,
        progress: Progress = silent,
    ) -> Drawn:
        """Draw `sampling.samples` images for each of `count` conditions.

        Args:
            count: N.
            size: Height and width in px, multiples of what the network needs.
            condition: (N, K, H, W) on the device of the model; None: unconditional.
            seed: Equal seeds give equal images; None: the seed of the recipe. With a condition all N begin with the
                noise of their place, the same where they are no tiles: an image does not depend on those beside it.
            progress: Told after each denoising step of each sample.
        """
        sampling = self.settings.sampling
        seed, predict = sampling.seed if seed is None else seed, guided(self, condition)
        samples = []
        for index in range(sampling.samples):
            keys = [(seed, index, 0 if condition is not None else image) for image in range(count)]
            tell = part_of(progress, index, sampling.samples)
            samples.append(unit(decode(predict, self.settings, self._noise(keys, size), progress=tell)))
        return Drawn(torch.stack(samples))

    def _noise(self, keys: Sequence[tuple[int, ...]], size: tuple[int, int]) -> Tensor:
        """(N, C, H, W)."""
        device, channels = next(self.network.parameters()).device, self.capabilities.channels_out
        places = self.places or (ORIGIN,) * len(keys)
        found = [noise_at(place, size, channels, key, device) for place, key in zip(places, keys, strict=True)]
        return torch.stack(found)


def guided(model: DiffusionModel, condition: Tensor | None) -> NoisePredictor:
    """The prediction for a condition: unconditional + guidance x (conditional - unconditional).

    Ho and Salimans (2022) write 1 + w where this says guidance. At 1 and at 0 the network is asked once only.

    Raises:
        UserError: The unconditional prediction is needed and was never learned.
    """
    weight = model.settings.sampling.guidance
    require_unconditional(model.recipe, model.name, condition is not None)

    @torch.inference_mode()
    def predict(x_t: Tensor, t: Tensor) -> Tensor:
        told: Tensor = model.network(x_t, t, condition) if weight or condition is None else model.network(x_t, t)
        if condition is None or weight in (0, 1):
            return told
        free: Tensor = model.network(x_t, t)
        return free + weight * (told - free)

    return predict


def part_of(progress: Progress, index: int, count: int) -> Progress:
    """Progress of part `index` of `count` equal ones, told as that of the whole."""

    def tell(done: int, total: int, what: str) -> None:
        progress(index * total + done, count * total, what)

    return tell


def as_diffusion(model: object) -> DiffusionModel:
    """The model itself, where it is one that can draw; else a `UserError`."""
    if not isinstance(model, DiffusionModel):
        raise UserError(f"{getattr(model, 'name', model)} is no diffusion model; name one that was trained by such.")
    return model

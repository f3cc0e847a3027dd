"""A trained diffusion model: K images for one condition, their mean, and as its doubt their standard deviation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.images.provenance import ProcessingStep
from sem_models.inference.diffusion.noise_field import ORIGIN, noise_at
from sem_models.inference.diffusion.noise_schedule import unit
from sem_models.inference.diffusion.solver import NoisePredictor, decode
from sem_models.inference.model import Place, RestorationModel
from sem_models.progress import Progress, part_of, silent


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

    @property
    def step(self) -> ProcessingStep:
        """As of any model, with how it draws."""
        sampling = self.settings.sampling
        told = f"{sampling.steps} steps, guidance {sampling.guidance:g}, seed {sampling.seed}"
        return super().step.model_copy(update={"settings": told})

    @property
    def takes_one_pass(self) -> bool:
        """It draws in a loop of many steps."""
        return False

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


def as_diffusion(model: object) -> DiffusionModel:
    """The model itself, where it is one that can draw; else a `UserError`."""
    if not isinstance(model, DiffusionModel):
        raise UserError(f"{getattr(model, 'name', model)} is no diffusion model; name one that was trained by such.")
    return model


def require_unconditional(recipe: Recipe, name: str, with_condition: bool = True) -> None:
    """Refuse to ask a model for what it never learned.

    Args:
        recipe: What it was, or is to be, trained by.
        name: Of the model.
        with_condition: Whether it is given one; without any it has to draw after none.

    Raises:
        UserError: The unconditional prediction is needed, and in training no condition is ever taken away.
    """
    diffusion = recipe.diffusion
    if diffusion is None or diffusion.drop_condition or not capabilities(recipe.network).channels_in:
        return
    weight = diffusion.sampling.guidance
    if with_condition and weight == 1:
        return
    asked = f"guidance {weight:g}" if with_condition else "drawing without a condition"
    raise UserError(
        f"{name} learns with diffusion.drop_condition=0 and so never sees an image without its condition, which "
        f"{asked} needs; leave diffusion.sampling.guidance at 1, or train it with diffusion.drop_condition=0.1."
    )

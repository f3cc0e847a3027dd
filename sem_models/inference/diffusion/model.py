"""A trained diffusion model: K images drawn for one condition, their mean, and their spread as its uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.diffusion.noise_field import noise_field
from sem_models.inference.diffusion.noise_schedule import unit
from sem_models.inference.diffusion.solver import decode
from sem_models.inference.diffusion.tiled_prediction import TiledPrediction
from sem_models.inference.model import RestorationModel
from sem_models.progress import Progress, part_of, silent


@dataclass(frozen=True)
class Drawn:
    """K images drawn for each of N conditions."""

    samples: Tensor
    """(K, N, C, H, W) unit intensities."""

    @property
    def mean(self) -> Tensor:
        """Mean over the K images, (N, C, H, W)."""
        return self.samples.mean(dim=0)

    @property
    def std(self) -> Tensor:
        """Standard deviation over the K images (divided by K), (N, C, H, W); 0 for a single image."""
        return self.samples.std(dim=0, correction=0)


@dataclass(frozen=True)
class DiffusionModel(RestorationModel):
    """A model that draws images for a condition, its input; the seed of its recipe makes the result repeatable."""

    @property
    def settings(self) -> DiffusionSettings:
        """The diffusion settings of the recipe."""
        if self.recipe.diffusion is None:
            raise TypeError(f"recipe {self.recipe.name} has no diffusion settings")
        return self.recipe.diffusion

    @property
    def way(self) -> str:
        """Names the sampling settings."""
        sampling = self.settings.sampling
        return f"{sampling.steps} steps, guidance {sampling.guidance:g}, seed {sampling.seed}"

    @property
    def takes_one_pass(self) -> bool:
        """False: drawing takes many passes of the network."""
        return False

    def __call__(self, x: Tensor) -> Tensor:
        """Draw for (N, K, H, W) float32 conditions; returns (N, C, H, W), the mean of `sampling.samples` images.

        Raises:
            UserError: The model draws from noise alone.
        """
        if not self.capabilities.channels_in:
            raise UserError(f"{self.name} takes no image, it draws from noise alone; use synthesise.")
        return self.draw(len(x), (x.shape[2], x.shape[3]), x.cpu()).mean.to(x.device)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @cached_property
    def tiled(self) -> TiledPrediction:
        """The prediction for whole images, in tiles of the usual size."""
        return TiledPrediction(self)

    @torch.inference_mode()
    def predict(self, x_t: Tensor, t: Tensor, condition: Tensor | None) -> Tensor:
        """Predict noise (or velocity): unconditional + guidance x (conditional - unconditional).

        Guidance is 1 + w of Ho and Salimans (2022). At 1 and at 0 the network is called only once.

        Args:
            x_t: (N, C, H, W) noisy images, signed, on the device of the model.
            t: (N,) times.
            condition: (N, K, H, W) in unit intensity; None: unconditional.
        """
        weight = self.settings.sampling.guidance
        given: Tensor = self.network(x_t, t, condition) if weight or condition is None else self.network(x_t, t)
        if condition is None or weight in (0, 1):
            return given
        unconditional: Tensor = self.network(x_t, t)
        return unconditional + weight * (given - unconditional)

    def draw(
        self,
        count: int,
        size: tuple[int, int],
        condition: Tensor | None = None,
        seed: int | None = None,
        progress: Progress = silent,
        tiled: TiledPrediction | None = None,
    ) -> Drawn:
        """Draw `sampling.samples` images for each of `count` conditions.

        Args:
            count: Number of conditions, N.
            size: Height and width in px, multiples of the size multiple of the network.
            condition: (N, K, H, W) in memory of the CPU, as the drawn images are; None: unconditional.
            seed: Equal seeds give equal images; None: the seed of the recipe. With a condition, the noise of an image
                depends on its place only and not on the rest of the batch; all N begin with the same.
            progress: Called after each row of tiles of each denoising step of each sample.
            tiled: How images are cut into tiles; None: as in `tiled`.

        Raises:
            UserError: The unconditional prediction is needed and was never learned, or not even the smallest tile fits
                into the memory of the device.
        """
        require_unconditional(self.recipe, self.name, condition is not None)
        sampling = self.settings.sampling
        seed, predict = sampling.seed if seed is None else seed, (tiled or self.tiled).given(condition)
        samples = []
        for index in range(sampling.samples):
            keys = [(seed, index, 0 if condition is not None else image) for image in range(count)]
            tell = part_of(progress, index, sampling.samples)
            samples.append(unit(decode(predict, self.settings, self._noise(keys, size), progress=tell)))
        return Drawn(torch.stack(samples))

    def _noise(self, keys: Sequence[tuple[int, ...]], size: tuple[int, int]) -> Tensor:
        """Draw the starting noise, (N, C, H, W)."""
        return torch.stack([noise_field(size, self.capabilities.channels_out, key) for key in keys])


def as_diffusion(model: object) -> DiffusionModel:
    """Return the model itself if it is a diffusion model; raises a `UserError` otherwise."""
    if not isinstance(model, DiffusionModel):
        raise UserError(f"{getattr(model, 'name', model)} is not a diffusion model; choose a diffusion model.")
    return model


def require_unconditional(recipe: Recipe, name: str, with_condition: bool = True) -> None:
    """Refuse a use of a model that needs an unconditional prediction which it never learned.

    Args:
        recipe: The recipe that it was, or will be, trained by.
        name: Name of the model, for the message.
        with_condition: Whether it gets a condition.

    Raises:
        UserError: The unconditional prediction is needed, but in training no condition is ever dropped.
    """
    diffusion = recipe.diffusion
    if diffusion is None or diffusion.drop_condition or not capabilities(recipe.network).channels_in:
        return
    weight = diffusion.sampling.guidance
    if with_condition and weight == 1:
        return
    asked = f"guidance {weight:g}" if with_condition else "drawing without a condition"
    raise UserError(
        f"{name} is trained with diffusion.drop_condition=0 and so never learns the unconditional prediction that "
        f"{asked} needs; leave diffusion.sampling.guidance at 1, or train it with diffusion.drop_condition=0.1."
    )

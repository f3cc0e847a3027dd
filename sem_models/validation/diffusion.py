"""Validation of a diffusion model: how well it predicts noise on unseen images, and examples of what it draws."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.validation_scores import NOISE_ERROR, ValidationScore
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.errors import UserError
from sem_models.evaluation.restoration import input_and_target
from sem_models.inference.diffusion.model import DiffusionModel, as_diffusion, require_unconditional
from sem_models.inference.diffusion.noise_schedule import ForwardProcess, normal, signed
from sem_models.inference.model import UnitModel
from sem_models.reporter import Reporter
from sem_models.validation.label_maps import shown

CROPS, TIMES = 16, 4
"""Crops over all validation images, and time steps at which each is scored: enough to rank two checkpoints."""
PANELS, PANEL_PIXELS, PANEL_STEPS = 3, 128, 20
"""Number, size and denoising steps of the example images; drawing more would take longer than the training between."""
Pair = tuple[NDArray[np.float32] | None, NDArray[np.float32]]


class DiffusionValidator:
    """Scores the noise prediction on the same crops, time steps and noise each time, so that checkpoints compare."""

    score: ValidationScore = NOISE_ERROR

    def __init__(self, recipe: Recipe, dataset: Dataset, device: str, after_masks: bool) -> None:
        """Cut the crops out of the validation split.

        Args:
            recipe: The recipe of the run.
            dataset: Its dataset.
            device: `cpu` or `cuda`.
            after_masks: Whether the condition of an image is its mask.

        Raises:
            UserError: An image is smaller than the patch, or guidance needs a prediction that is not learned.
        """
        require_unconditional(recipe, f"Recipe {recipe.name!r}")
        self._settings = recipe.diffusion or DiffusionSettings()
        self._device, self._forward = torch.device(device), ForwardProcess(self._settings)
        self._after_masks, entries = after_masks, dataset.entries("val")
        size, unit = recipe.train.patch, capabilities(recipe.network).size_multiple
        each = -(-CROPS // len(entries))
        crops: list[Pair] = []
        self._shown: list[tuple[str, NDArray[np.float32] | None, NDArray[np.float32]]] = []
        for entry in entries:
            pair = _pair(recipe, dataset, entry, after_masks)
            crops += [_crop(*pair, entry.name, size, index) for index in range(each)]
            if len(self._shown) < PANELS:
                self._shown.append((entry.name, *_shown(*pair, unit)))
        self._condition, self._image = self._stacked(crops)

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Return `val/noise_mse`, mean over crops and times; images drawn for the first entries go to the reporter."""
        drawing = as_diffusion(model)
        self._show(_with_few_steps(drawing), step, reporter)
        return {"val/noise_mse": self._noise_mse(drawing)}

    @torch.inference_mode()
    def _noise_mse(self, model: DiffusionModel) -> float:
        count = len(self._image)
        generator = torch.Generator().manual_seed(0)
        # Together the crops cover all time steps evenly, and each crop has one in every quarter.
        spread = (torch.arange(TIMES * count) + 0.5) / (TIMES * count) * self._settings.timesteps
        errors = []
        for t in spread.long().reshape(TIMES, count).to(self._device):
            noise = normal(tuple(self._image.shape), generator, self._device)
            predicted = model.network(self._forward.noised(self._image, noise, t), t, self._condition)
            errors.append((predicted - self._forward.wanted(self._image, noise, t)).square().mean())
        return float(torch.stack(errors).mean())

    def _show(self, model: DiffusionModel, step: int, reporter: Reporter) -> None:
        for name, condition, image in self._shown:
            given = None if condition is None else torch.from_numpy(condition)[None]
            drawn = model.draw(1, (image.shape[1], image.shape[2]), given).samples[0, 0].numpy()
            panels: dict[str, NDArray[Any]] = {"output": drawn.mean(axis=0)}
            if condition is None:
                # An image drawn from noise has no target; a real image shows what its contrast should look like.
                panels["real"] = image.mean(axis=0)
            else:
                picture = shown(condition.argmax(axis=0)) if self._after_masks else condition.mean(axis=0)
                panels |= {"input": picture, "target": image.mean(axis=0)}
            reporter.sample(step, name, panels)

    def _stacked(self, pairs: list[Pair]) -> tuple[Tensor | None, Tensor]:
        conditions = [condition for condition, _ in pairs if condition is not None]
        image = torch.from_numpy(np.stack([image for _, image in pairs])).to(self._device)
        stacked = torch.from_numpy(np.stack(conditions)).to(self._device) if conditions else None
        return stacked, signed(image)


def _with_few_steps(model: DiffusionModel) -> DiffusionModel:
    """Return the model set to draw one sample in at most `PANEL_STEPS` steps."""
    settings = model.settings
    steps = min(PANEL_STEPS, settings.sampling.steps)
    sampling = settings.sampling.model_copy(update={"steps": steps, "samples": 1})
    hurried = settings.model_copy(update={"sampling": sampling})
    return replace(model, recipe=model.recipe.model_copy(update={"diffusion": hurried}))


def _pair(recipe: Recipe, dataset: Dataset, entry: Entry, after_masks: bool) -> Pair:
    """Return the (K, H, W) condition, None if the network takes none, and the (C, H, W) image in unit intensity."""
    if after_masks:
        return dataset.one_hot(entry), dataset.unit(entry, "image")
    if not capabilities(recipe.network).channels_in:
        return None, dataset.unit(entry, dataset.sharp_role)
    return input_and_target(dataset, entry, recipe.degradation, 1)


def _crop(condition: NDArray[np.float32] | None, image: NDArray[np.float32], name: str, size: int, index: int) -> Pair:
    """Cut a square at a position that depends only on the name of the image and `index`."""
    if min(image.shape[1:]) < size:
        raise UserError(
            f"{name} of the validation split has {image.shape[2]} x {image.shape[1]} px, less than the patch of "
            f"{size} px; lower train.patch, or leave the image out of the dataset."
        )
    rng = np.random.default_rng([frame_seed(name, "diffusion"), index])
    top, left = (int(rng.integers(0, length - size + 1)) for length in image.shape[1:])
    return _cut(condition, image, np.s_[:, top : top + size, left : left + size])


def _shown(condition: NDArray[np.float32] | None, image: NDArray[np.float32], unit: int) -> Pair:
    """Cut out the centre, at most as large as a panel, in multiples of what the network needs."""
    height, width = (min(length, PANEL_PIXELS) // unit * unit for length in image.shape[1:])
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return _cut(condition, image, np.s_[:, top : top + height, left : left + width])


def _cut(condition: NDArray[np.float32] | None, image: NDArray[np.float32], place: tuple[slice, ...]) -> Pair:
    return None if condition is None else condition[place], image[place]

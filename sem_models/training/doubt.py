"""Learning how far the outputs of a finished model may be off: the doubt head, while the network stays as it is."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.evaluation.restoration import make_case
from sem_models.inference.model import RestorationModel
from sem_models.networks.doubt_head import REFERENCE, DoubtHead
from sem_models.physics.downsampling import upsample
from sem_models.progress import Progress, silent
from sem_models.tasks.batches import BatchSource

NINE_OF_TEN = 1.6449
"""Standard deviations within which nine of ten errors lie, if they are normal; if they are Laplacian, 90.2 %."""
_STEPS, _BATCH, _PATCH_PX, _RATE = 1200, 4, 96, 2e-3
_LARGEST_PX, _GRID_PX = 256, 64
_SAMPLED = 10_000
"""Pixels of an image that the calibration counts."""


def learn_doubt(
    model: RestorationModel,
    dataset: Dataset,
    forwards: tuple[Degradation, ...],
    keep: Callable[[Entry], bool] | None = None,
    progress: Progress = silent,
) -> DoubtHead:
    """Train a doubt head on the training split and calibrate it on the validation split.

    The loss is the negative log-likelihood of the errors, as if they were normal. Then the standard deviation is
    calibrated on the validation images, so that nine of ten errors lie within 1.64 of it (`calibrate`).

    Args:
        model: A restoration or enlargement of one channel, on the CPU.
        dataset: The one that it learned from; its images are degraded as in its training.
        forwards: Forward models of the validation images, which count alike.
        keep: Tells which validation images count; None: all.
        progress: Told after each step.
    """
    torch.manual_seed(model.recipe.train.seed)
    settings = model.recipe.train.model_copy(update={"batch": _BATCH, "patch": _PATCH_PX})
    batches = BatchSource(model.recipe.model_copy(update={"train": settings}), dataset, torch.device("cpu"))
    head, scale = DoubtHead(), model.capabilities.scale
    optimiser = torch.optim.AdamW(head.parameters(), lr=_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=_STEPS)
    for step in range(_STEPS):
        batch = batches.next()
        given, target = batch["input"], batch["target"]
        with torch.inference_mode():
            output, compared = model(given), upsample(given, scale)
        loss = negative_log_likelihood(target - output.clone(), head(compared.clone(), output.clone()))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        progress(step + 1, _STEPS, "steps")
    head.requires_grad_(False)
    entries = [entry for entry in dataset.entries("val") if keep is None or keep(entry)]
    calibrate(model, head, dataset, entries, forwards)
    return head


def negative_log_likelihood(error: Tensor, deviation: Tensor) -> Tensor:
    """Average 1/2 (e / s)^2 + log s over all pixels: least where s is the root mean square of the errors."""
    return (0.5 * (error / deviation) ** 2 + deviation.log()).mean()


def calibrate(
    model: RestorationModel,
    head: DoubtHead,
    dataset: Dataset,
    entries: Sequence[Entry],
    forwards: tuple[Degradation, ...],
) -> None:
    """Correct a head so that for each forward model nine of ten errors lie within 1.64 standard deviations.

    Images count alike. The corrections follow a power of the root mean square that was removed, fitted by least
    squares.
    """
    head.calibration.copy_(torch.tensor([1.0, 0.0]))
    found = [_correction(model, head, dataset, entries, forward) for forward in forwards]
    removed, factors = (np.log([one[index] for one in found]) for index in (0, 1))
    slope, gain = np.polyfit(np.log(REFERENCE) - removed, factors, 1) if len(found) > 1 else (0.0, factors[0])
    head.calibration.copy_(torch.tensor([float(np.exp(gain)), float(slope)]))


def _correction(
    model: RestorationModel, head: DoubtHead, dataset: Dataset, entries: Sequence[Entry], forward: Degradation
) -> tuple[float, float]:
    """Return the root mean square that is removed from images, and the factor that covers nine of ten errors."""
    chosen = torch.Generator().manual_seed(model.recipe.train.seed)
    ratios, removed, scale = [], [], model.capabilities.scale
    for entry in entries:
        case = make_case(dataset, entry, forward, scale)
        given, target = _centres(torch.from_numpy(case.input)[None], torch.from_numpy(case.target)[None], scale)
        with torch.inference_mode():
            output, given = model(given), upsample(given, scale)
            ratio = ((target - output).abs() / head(given, output)).flatten()
        ratios.append(ratio[torch.randint(len(ratio), (_SAMPLED,), generator=chosen)])
        removed.append(float((given - output).square().mean().sqrt()))
    return float(np.mean(removed)), float(torch.quantile(torch.cat(ratios), 0.9)) / NINE_OF_TEN


def _centres(given: Tensor, target: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """Cut the central part of an input (N, C, H, W) and of its target, which is `scale` times larger.

    The target has at most 256 px along an edge, and a size that networks take.
    """
    height, width = (min(size, _LARGEST_PX) // _GRID_PX * _GRID_PX // scale for size in target.shape[2:])
    top, left = (given.shape[2] - height) // 2, (given.shape[3] - width) // 2
    part = given[..., top : top + height, left : left + width]
    return part, target[..., scale * top : scale * (top + height), scale * left : scale * (left + width)]

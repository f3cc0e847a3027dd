"""What the inputs of a training look like: measured once, from its own images, and stored with the weights."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from sem_models.config.degradation import Degradation
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.images.intensity import IntensityRange, UnitImage, to_unit
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.input_check.statistics import EDGE_PX, SMALLEST_EDGE_PX, Statistics, centre, image_statistics
from sem_models.physics.degrade import degrade
from sem_models.physics.downsampling import crop_to_multiple
from sem_models.physics.line_defects import draw_line_defects, spoil_lines
from sem_models.tasks.table import find_task

_MOST_IMAGES = 48
_DRAWS = 2
"""Inputs that are simulated from each image, where they are simulated."""
Keep = Callable[[Entry], bool]


def learned_inputs(recipe: Recipe, dataset: Dataset) -> InputReference | None:
    """Measure the inputs of a training: at most 48 images of each split, each degraded twice by its forward model.

    Returns:
        None where inputs are not images of one channel, or too few of them are at least 128 px wide and high.
    """
    task = find_task(recipe)
    if not task.takes_images or task.image_channels(recipe) != 1 or recipe.degradation.lines:
        return None
    return input_reference(dataset, (recipe.degradation,) * _DRAWS)


def input_reference(
    dataset: Dataset, forwards: Sequence[Degradation], keep: Keep | None = None
) -> InputReference | None:
    """Measure the inputs that forward models make of the images of a dataset, or its recorded inputs.

    Args:
        dataset: What is usual is measured on its training split, the limits on its validation split.
        forwards: Each simulates an input from each image; ignored where inputs were recorded.
        keep: Tells which entries count; None: all.
    """
    seen, others = (
        [found for entry in _spread(dataset, split, keep) for found in _measured(dataset, entry, forwards)]
        for split in ("train", "val")
    )
    return InputReference.of(seen, others, images=len(_spread(dataset, "train", keep)))


def _spread(dataset: Dataset, split: Split, keep: Keep | None) -> list[Entry]:
    """Choose images that are large enough, at most 48, spread evenly over a split."""
    role = dataset.manifest.layout.image_roles[0]
    usable = [
        entry
        for entry in dataset.entries(split)
        if entry.has(role) and (keep is None or keep(entry)) and min(entry.array(role).shape[:2]) >= SMALLEST_EDGE_PX
    ]
    return usable[:: max(1, -(-len(usable) // _MOST_IMAGES))]


def _measured(dataset: Dataset, entry: Entry, forwards: Sequence[Degradation]) -> Iterator[Statistics]:
    for draw, forward in enumerate(forwards):
        found = image_statistics(training_input(dataset, entry, forward, draw))
        if found:
            yield found
        if dataset.manifest.layout.brings_inputs:
            return


def training_input(dataset: Dataset, entry: Entry, forward: Degradation, draw: int) -> UnitImage:
    """Return the centre of an input as a training sees it, (H, W) in unit intensity, the same each time.

    It is recorded, or degraded by the forward model, which draws something else for another `draw`.
    """
    role = dataset.manifest.layout.image_roles[0]
    own = dataset.manifest.layout.brings_inputs
    native = centre(dataset.array(entry, role), EDGE_PX if own else EDGE_PX * forward.scale)
    image: UnitImage = to_unit(native[..., 0], IntensityRange(*entry.array(role).intensity))
    if own:
        return image
    return simulated_input(image, forward, frame_seed(entry.name, f"{role}, draw {draw}"))


def simulated_input(image: UnitImage, forward: Degradation, seed: int) -> UnitImage:
    """Degrade (H, W) in unit intensity, or spoil its lines; what does not fit the scale is cut off."""
    sharp = crop_to_multiple(torch.from_numpy(np.ascontiguousarray(image))[None, None], forward.scale)
    generator = torch.Generator().manual_seed(seed)
    if forward.lines:
        defects = draw_line_defects(sharp.shape[2], sharp.shape[3], forward.lines, generator)
        spoilt: UnitImage = spoil_lines(sharp[0], defects)[0][0].numpy()
        return spoilt
    given: UnitImage = degrade(sharp, forward, generator)[0, 0].numpy()
    return given

"""Crops of degraded frames: what an evaluation would see of the same place, made without degrading the whole frame."""

from collections import defaultdict

import torch
from torch import Tensor

from sem_models.config.degradation import Degradation
from sem_models.datasets.kinds import Role
from sem_models.datasets.sampling.sampler import Crops
from sem_models.physics.degrade import degrade_windows, margin


def degraded_crops(crops: Crops, role: Role, degradation: Degradation, generator: torch.Generator) -> Tensor:
    """(N, C, p / scale, p / scale) float32 in unit intensity, made of the sharp crops of a role and their surroundings.

    The grid of the down-sampling begins at each crop, so that it may lie anywhere in its frame.

    Args:
        crops: With the frames that they were taken from.
        role: Of the sharp image.
        degradation: Every frame draws its own blur, region, scan distortion, dose and noise from it.
        generator: On the device of the crops.
    """
    if crops.views is None:
        raise ValueError("crops without their frames cannot be degraded as parts of them")
    inner = [window.aligned(degradation.scale) for window in crops.windows]
    outer = [window.widened(margin(degradation)) for window in inner]
    # Only frames that are smaller than a crop with its margin differ in what there is to be cut out of them.
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, window in enumerate(outer):
        alike[window.height, window.width].append(index)
    parts = []
    for chosen in alike.values():
        views = crops.views.of(chosen)
        wanted, given = ([windows[index] for index in chosen] for windows in (inner, outer))
        sharp = crops[role] if given == wanted else views.surroundings(role, wanted, given)
        # Where nothing asks for its mean, no image has to be read as a whole.
        mean = views.means(role) if degradation.scan and degradation.scan.charging else None
        parts.append(degrade_windows(sharp, given, wanted, mean, degradation, generator))
    order = torch.tensor([index for chosen in alike.values() for index in chosen], device=parts[0].device)
    return torch.cat(parts)[order.argsort()]

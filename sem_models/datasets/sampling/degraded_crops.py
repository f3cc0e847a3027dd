"""Crops of degraded frames: what an evaluation sees at the same place, without degrading the whole frame."""

from collections import defaultdict

import torch
from torch import Tensor

from sem_models.config.degradation import Degradation
from sem_models.datasets.kinds import Role
from sem_models.datasets.sampling.sampler import Crops
from sem_models.physics.degrade import degrade_windows, margin


def degraded_crops(crops: Crops, role: Role, degradation: Degradation, generator: torch.Generator) -> Tensor:
    """Degrade the sharp crops of a role, with their surroundings, as parts of their frames.

    The grid of the down-sampling begins at each crop, so a crop may lie anywhere in its frame.

    Args:
        crops: Sharp crops that know their frames.
        role: Role of the sharp image.
        degradation: Settings from which blur, region, scan distortion, dose and noise are drawn for each frame.
        generator: Random generator on the device of the crops.

    Returns:
        (N, C, p / scale, p / scale) float32 in unit intensity.

    Raises:
        ValueError: The crops do not know their frames.
    """
    if crops.views is None:
        raise ValueError("crops without their frames cannot be degraded as parts of them")
    inner = [window.aligned(degradation.scale) for window in crops.windows]
    outer = [window.widened(margin(degradation)) for window in inner]
    # Windows differ in size only if a frame is smaller than a crop with its margin.
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, window in enumerate(outer):
        alike[window.height, window.width].append(index)
    parts = []
    for chosen in alike.values():
        views = crops.views.of(chosen)
        wanted, given = ([windows[index] for index in chosen] for windows in (inner, outer))
        sharp = crops[role] if given == wanted else views.surroundings(role, wanted, given)
        # Without charging no mean is needed, and no image has to be read as a whole.
        mean = views.means(role) if degradation.scan and degradation.scan.charging else None
        parts.append(degrade_windows(sharp, given, wanted, mean, degradation, generator)[0])
    order = torch.tensor([index for chosen in alike.values() for index in chosen], device=parts[0].device)
    return torch.cat(parts)[order.argsort()]

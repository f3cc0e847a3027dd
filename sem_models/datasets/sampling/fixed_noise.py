"""Noisy images that are made once: what a microscope would have stored, in place of the clean ones.

New noise on the same clean crop in every step would average out over a training: the network would in effect see the
clean image, and a method that claims to need none would be tested with one.
"""

import hashlib
from collections.abc import Callable

import numpy as np
import torch

from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry
from sem_models.datasets.sampling.bank import Pixels, stored
from sem_models.physics.degrade import degrade


def fixed_noise(degradation: Degradation) -> Callable[[Dataset, Entry, Role], Pixels]:
    """A source for the bank: whole images of single datasets degraded to float32 unit intensity, scale 1.

    Each role is a frame with noise of its own, drawn from the name of image and role, so that it is the same in every
    run, for every network. An empty degradation hands the stored image out as it is.
    """

    def frame(dataset: Dataset, entry: Entry, role: Role) -> Pixels:
        if degradation.is_empty:
            return stored(dataset, entry, "image")
        clean = torch.from_numpy(dataset.unit(entry, "image"))[None]
        noisy = degrade(clean, degradation, torch.Generator().manual_seed(frame_seed(entry.name, role)))
        return Pixels(np.ascontiguousarray(noisy[0].permute(1, 2, 0).numpy()), "float32", (0.0, 1.0))

    return frame


def repeated_frames(dataset: Dataset, entry: Entry, role: Role) -> Pixels:
    """A source for the bank: frames of one field, both in the scale of the first.

    Robust limits of each frame by itself would differ by their noise, and what differs between frames counts as noise.
    """
    frame = stored(dataset, entry, role)
    return frame._replace(limits=entry.array("input").intensity)


def frame_seed(name: str, frame: str) -> int:
    """A seed from the names of an image and of one of its frames."""
    return int.from_bytes(hashlib.sha256(f"{name}/{frame}".encode()).digest()[:4], "big")

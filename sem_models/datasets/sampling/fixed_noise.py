"""Fixed noise: clean images replaced, once and for all, by the noisy images that a microscope would have stored.

New noise in every step would average out during training, so that the network would in effect see the clean image. A
method that claims to need no clean images would then be tested with them.
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
    """Return a source for the patch bank that degrades whole images of single datasets at scale 1.

    It returns float32 in unit intensity. Each role is a frame with its own noise, whose seed is derived from the names
    of image and role, so that it is the same in every run and for every network. If the degradation is empty, the
    stored image is returned unchanged.
    """

    def frame(dataset: Dataset, entry: Entry, role: Role) -> Pixels:
        if degradation.is_empty:
            return stored(dataset, entry, "image")
        clean = torch.from_numpy(dataset.unit(entry, "image"))[None]
        noisy = degrade(clean, degradation, torch.Generator().manual_seed(frame_seed(entry.name, role)))
        return Pixels(np.ascontiguousarray(noisy[0].permute(1, 2, 0).numpy()), "float32", (0.0, 1.0))

    return frame


def repeated_frames(dataset: Dataset, entry: Entry, role: Role) -> Pixels:
    """Return a frame of a field as a source for the patch bank, with the intensity limits of the first frame.

    Limits estimated for each frame would differ because of noise, and any difference between frames counts as noise.
    """
    frame = stored(dataset, entry, role)
    return frame._replace(limits=entry.array("input").intensity)


def frame_seed(name: str, frame: str) -> int:
    """Derive a seed from the names of an image and of one of its frames."""
    return int.from_bytes(hashlib.sha256(f"{name}/{frame}".encode()).digest()[:4], "big")

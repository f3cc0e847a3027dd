"""The image pairs of a discriminator test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pair:
    """A real image and a generated one that should look like it."""

    real: NDArray[np.float32]
    """(H, W) in unit intensity."""
    generated: NDArray[np.float32]
    """The same shape."""
    image: str
    group: str
    tested: bool = True
    """False: used only to train classifiers, because the generator itself has learned from it."""

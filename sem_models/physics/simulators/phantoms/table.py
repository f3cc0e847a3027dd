"""The table of phantoms, and the function that makes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sem_models.errors import UserError
from sem_models.images.facts import Fact
from sem_models.images.intensity import IntensityRange, from_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.physics.simulators.phantoms.fibres import fibres
from sem_models.physics.simulators.phantoms.laths import laths
from sem_models.physics.simulators.phantoms.particles import particles
from sem_models.physics.simulators.phantoms.pores import pores
from sem_models.physics.simulators.phantoms.render import Beam, record, se_yield
from sem_models.physics.simulators.phantoms.terrain import Height

PHANTOMS: dict[str, Callable[[tuple[int, int], np.random.Generator], Height]] = {
    "particles": particles,
    "fibres": fibres,
    "pores": pores,
    "laths": laths,
}


@dataclass(frozen=True)
class Phantom:
    """A simulated micrograph and its ground truth."""

    micrograph: Micrograph
    """uint8 or uint16, as recorded."""
    truth: NDArray[np.float32]
    """(H, W) noise-free signal in [0, 1], before the effects of spot, scan and dose."""
    height: Height
    """(H, W) height of the surface in pixels."""


def make_phantom(
    kind: str,
    size: tuple[int, int] = (512, 512),
    seed: int = 0,
    beam: Beam | None = None,
    pixel_size_nm: float = 10.0,
    dtype: Literal["uint8", "uint16"] = "uint8",
) -> Phantom:
    """Simulate one field of view. Equal arguments give equal pixels.

    Args:
        kind: A name in `PHANTOMS`.
        size: Rows and columns.
        seed: Seed of the specimen and of the noise.
        beam: Recording conditions; None: the defaults.
        pixel_size_nm: Pixel size that the micrograph states.
        dtype: Data type of the micrograph.

    Raises:
        UserError: The kind is unknown; the message lists the known ones.
    """
    if kind not in PHANTOMS:
        raise UserError(f"Unknown phantom {kind!r}: use one of {', '.join(PHANTOMS)}.")
    rng = np.random.default_rng([seed, sorted(PHANTOMS).index(kind)])
    height = PHANTOMS[kind](size, rng)
    signal = se_yield(height)
    recorded = record(signal, beam or Beam(), rng).astype(np.float32)
    white = float(np.iinfo(dtype).max)
    pixels, _ = from_unit(recorded[:, :, None], IntensityRange(0.0, white), np.dtype(dtype))
    facts: dict[str, Fact] = {"detector": "SE", "instrument": "SEM Workbench phantom", "voltage_kv": 5.0}
    step = ProcessingStep.now(Origin.SYNTHETIC, f"phantom {kind}", settings=f"seed {seed}")
    micrograph = Micrograph(pixels, pixel_size_nm, facts, f"{kind}-{seed}", history=(step,))
    return Phantom(micrograph, signal.astype(np.float32), height)

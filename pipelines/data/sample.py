"""Use case: simulated micrographs whose truth is known, for people who have no file at hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.home import writable_home

if TYPE_CHECKING:
    from sem_models.physics.simulators.phantoms.table import Phantom

_SIZE: Final = (768, 1024)
_SEED: Final = 7
_DOSE_E_PER_PX: Final = 15.0
"""Noisy enough to be worth restoring, and within what the starter model was made for."""


def sample_micrograph(folder: Path) -> Path:
    """Write a simulated micrograph of a powder into a folder, once, and return its file.

    Raises:
        UserError: The home folder cannot be written.
    """
    from sem_models.images.io.write import write_micrograph  # NumPy and SciPy, which the first page does without

    writable_home()
    path = folder / "simulated" / "simulated-powder.tif"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_micrograph(path, sample_phantom().micrograph)
    return path


def sample_phantom() -> "Phantom":
    """Simulate the powder of `sample_micrograph`, with their truth."""
    from sem_models.physics.simulators.phantoms.render import Beam
    from sem_models.physics.simulators.phantoms.table import make_phantom

    return make_phantom("particles", _SIZE, seed=_SEED, beam=Beam(dose_e_per_px=_DOSE_E_PER_PX))

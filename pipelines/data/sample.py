"""Use case: a simulated micrograph, for people who have no file at hand."""

from pathlib import Path
from typing import Final

from pipelines.home import writable_home

_SIZE: Final = (768, 1024)
_DOSE_E_PER_PX: Final = 15.0
"""Noisy enough to be worth restoring, and within what the starter model was made for."""


def sample_micrograph(folder: Path) -> Path:
    """Write a simulated micrograph of a powder into a folder, once, and return its file.

    Raises:
        UserError: The home folder cannot be written.
    """
    from sem_models.images.io.write import write_micrograph  # NumPy and SciPy, which the first page does without
    from sem_models.physics.simulators.phantoms.render import Beam
    from sem_models.physics.simulators.phantoms.table import make_phantom

    writable_home()
    path = folder / "simulated" / "simulated-powder.tif"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        phantom = make_phantom("particles", _SIZE, seed=7, beam=Beam(dose_e_per_px=_DOSE_E_PER_PX))
        write_micrograph(path, phantom.micrograph)
    return path

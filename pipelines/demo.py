"""Use case: simulated micrographs restored by the starter models, for people who have just installed the workbench."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from pipelines.data.sample import sample_micrograph, sample_phantom
from pipelines.home import home
from pipelines.model_ref import StarterRef
from pipelines.people.acting import acting_person
from pipelines.people.places import folder_of
from pipelines.predict.files import predict
from pipelines.predict.requests import DemoRequest, PredictRequest
from sem_models.config.degradation import Degradation
from sem_models.errors import UserError
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.images.intensity import IntensityRange, UnitImage, from_unit, intensity_range, to_unit
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.physics.degrade import degrade
from sem_models.physics.downsampling import upsample
from sem_models.physics.simulators.phantoms.table import Phantom, make_phantom
from sem_models.progress import Progress, silent

_SCALE: Final = 2
_ENLARGED_PX: Final = (512, 640)
_SEED: Final = 2007
"""No phantom of this seed is among those that the starter models learned from."""
_DOSE_E_PER_PX: Final = 200.0
_BYTE: Final = IntensityRange(0.0, 255.0)


@dataclass(frozen=True)
class Restored:
    """A simulated micrograph that a starter model restored."""

    source: Path
    output: Path
    model: str
    psnr_db: float
    """Of the output against what was simulated."""
    beside: str
    """What it has to be better than."""
    beside_psnr_db: float


def demo(request: DemoRequest, progress: Progress = silent) -> list[Restored]:  # noqa: ARG001 - it has no options
    """Remove the noise of one simulated micrograph, enlarge another, and compare both with what was simulated.

    Raises:
        UserError: The home folder cannot be written.
    """
    folder = folder_of(home().results, acting_person()) / "demo"
    noisy = sample_micrograph(folder)
    small, shown = _with_few_pixels(folder / "simulated" / "simulated-particles.tif")
    enlarged = upsample(torch.from_numpy(_unit(small))[None, None], _SCALE)[0, 0].numpy()
    return [
        _restored("denoise", noisy, folder, sample_phantom().truth, ("as recorded", _unit(noisy)), progress),
        _restored(f"sr-x{_SCALE}", small, folder, shown.truth, ("bicubic interpolation", enlarged), progress),
    ]


def _restored(
    starter: str, source: Path, folder: Path, truth: UnitImage, beside: tuple[str, UnitImage], progress: Progress
) -> Restored:
    model = StarterRef(starter)
    (result,) = predict(PredictRequest(model=model, inputs=(source,), out=folder / starter, overwrite=True), progress)
    if result.output is None:
        raise UserError(result.error or f"{source} could not be restored.")
    output, (name, other) = Path(result.output), beside
    return Restored(source, output, str(model), _psnr_db(_unit(output), truth), name, _psnr_db(other, truth))


def _with_few_pixels(path: Path) -> tuple[Path, Phantom]:
    """Write what a scan with a larger pixel step records of a simulated specimen; return it with the specimen."""
    phantom = make_phantom("particles", _ENLARGED_PX, seed=_SEED)
    forward = Degradation(scale=_SCALE, dose_e_per_px=_DOSE_E_PER_PX)
    recorded = degrade(torch.from_numpy(phantom.truth)[None, None], forward, torch.Generator().manual_seed(_SEED))
    full = phantom.micrograph
    pixels, _ = from_unit(recorded[0].permute(1, 2, 0).numpy(), _BYTE, full.pixels.dtype)
    size_nm = full.pixel_size_nm * _SCALE if full.pixel_size_nm else None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_micrograph(path, Micrograph(pixels, size_nm, full.metadata))
    return path, phantom


def _unit(path: Path) -> UnitImage:
    pixels = read_micrograph(path).pixels
    return to_unit(pixels, intensity_range(pixels))[:, :, 0]


def _psnr_db(image: UnitImage, truth: UnitImage) -> float:
    return psnr_db(image.clip(0, 1), truth, 1.0)

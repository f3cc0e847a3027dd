"""Use case: simulate clean lattices as a dataset, to train on where no clean micrograph exists."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.data.prepare import prepare
from pipelines.data.requests import PrepareRequest, SimulateRequest
from pipelines.home import home
from sem_models.config.frozen import Frozen
from sem_models.datasets.columns import store_columns
from sem_models.datasets.dataset import Dataset
from sem_models.errors import FieldRef, UserError
from sem_models.images.intensity import IntensityRange, from_unit
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.images.specimen import load_specimen
from sem_models.physics.simulators.columns import Columns
from sem_models.physics.simulators.dents import Dent, add_dents, dent_field, draw_dents
from sem_models.physics.simulators.fringe import measured_fringe
from sem_models.physics.simulators.lattice import Lattice, draw_lattice, render
from sem_models.progress import Progress, silent

LEAST_PERIODS = 4
DEFAULT_PERIOD_PX = (8.0, 14.0)
SETTINGS = "simulation.json"
_LIKE_PERIOD = 0.1
_LIKE_TURN_DEG = 3.0
_WEIGHT = (0.3, 1.0)
_WHITE = IntensityRange(0.0, 65535.0)


@dataclass(frozen=True)
class Simulation:
    """The settings that decide the images; stored beside them."""

    name: str
    count: int = 200
    size_px: int = 384
    period_px: tuple[float, float] = DEFAULT_PERIOD_PX
    """Smallest and largest spacing of the strongest fringe, which a power spectrum shows as the period."""
    rotation_deg: tuple[float, float] = (0.0, 180.0)
    """Range of that fringe's direction."""
    dents: bool = True
    pixel_size_nm: float | None = None
    seed: int = 0


class SimulatedImage(Frozen):
    """Everything needed to make one image again."""

    size_px: int
    seed: tuple[int, int]
    """Seed of the generator that places, shifts and removes atoms."""
    lattice: Lattice
    dents: tuple[Dent, ...]
    dent_weight: float


@dataclass(frozen=True)
class Simulated:
    """The dataset that was made, and where its images and settings are."""

    dataset: Dataset
    run_id: str
    raw: Path
    """Folder of the 16-bit TIFF images and their settings."""
    dents: int
    settings: Simulation


def simulation(request: SimulateRequest) -> Simulation:
    """Resolve the settings of a request.

    Raises:
        UserError: A period is given as well as a file to take it from, or the file shows none.
    """
    if request.like and request.period_px:
        like_, period = FieldRef("like"), FieldRef("period_px")
        raise UserError(like_, " takes the period from the file; leave out ", period, " or ", like_, ".")
    period_px = request.period_px or DEFAULT_PERIOD_PX
    asked = Simulation(request.name, request.count, request.size_px, period_px, dents=request.dents, seed=request.seed)
    return like(request.like, asked) if request.like else asked


def like(file: Path, asked: Simulation) -> Simulation:
    """Return `asked` with period (within 10 %), direction (within 3 degrees) and pixel size of a real micrograph.

    Raises:
        UserError: The file cannot be read, is in colour, or shows no lattice.
    """
    micrograph = load_specimen(file)
    found = measured_fringe(micrograph.pixels[..., 0].astype(np.float32))
    if found is None:
        period_px = FieldRef("period_px", "SHORTEST,LONGEST")
        raise UserError(f"{file.name}: no lattice was found; give ", period_px, " in px instead.")
    period, angle = found
    periods = (period * (1 - _LIKE_PERIOD), period * (1 + _LIKE_PERIOD))
    turns = (angle - _LIKE_TURN_DEG, angle + _LIKE_TURN_DEG)
    return replace(asked, period_px=periods, rotation_deg=turns, pixel_size_nm=micrograph.pixel_size_nm)


def simulate(request: SimulateRequest, progress: Progress = silent) -> Simulated:
    """Draw, render, write and prepare the images, each a group of its own; an interrupted simulation is continued.

    Raises:
        UserError: The images are too small for the period, or other images of that name exist.
    """
    asked = simulation(request)
    _refuse_misfit(asked)
    images = [draw_image(asked, index) for index in range(asked.count)]
    raw = home().datasets / f".{asked.name}-raw"
    _keep_settings(raw, asked, images)
    for index, image in enumerate(images):
        path = raw / file_name(index)
        if not path.exists():
            step = ProcessingStep.now(Origin.SYNTHETIC, "lattice simulator", settings=image.model_dump_json())
            write_micrograph(path, Micrograph(_pixels(image), asked.pixel_size_nm, history=(step,)))
        progress(index + 1, asked.count, "lattices simulated")
    prepared = PrepareRequest(
        name=asked.name,
        raw=(raw,),
        group_by=r"^(lattice-\d+)",
        join_same_field=False,
        databar_rows=0,
        seed=asked.seed,
        about="Simulated atomic lattices, clean",
        origin=f"lattice simulator, seed {asked.seed}",
    )
    dataset, run_id = prepare(prepared, progress)
    _store_truth(dataset, images)
    return Simulated(dataset, run_id, raw, sum(len(image.dents) for image in images), asked)


def _store_truth(dataset: Dataset, images: Sequence[SimulatedImage]) -> None:
    """Store the true columns of each image; a dataset that an earlier version simulated gets them as well."""
    by_file = {file_name(index): image for index, image in enumerate(images)}
    for entry in dataset.manifest.entries:
        columns = true_columns(by_file[entry.array("image").source])
        store_columns(dataset, entry, columns.times(_WHITE.span))


def file_name(index: int) -> str:
    """Return the name of the file of an image."""
    return f"lattice-{index + 1:05d}.tif"


def _refuse_misfit(asked: Simulation) -> None:
    shortest, longest = asked.period_px
    if not 2 <= shortest <= longest or longest * LEAST_PERIODS > asked.size_px:
        raise UserError(
            f"Periods of {shortest:.4g} to {longest:.4g} px do not fit images of {asked.size_px} px: give ",
            FieldRef("period_px", "SHORTEST,LONGEST"),
            " of at least 2 px, and a ",
            FieldRef("size_px"),
            f" of at least {LEAST_PERIODS} periods.",
        )


def draw_image(asked: Simulation, index: int) -> SimulatedImage:
    """Draw the settings of one image; they do not depend on the number of images."""
    generator = np.random.default_rng([asked.seed, index, 0])
    period, turn = float(generator.uniform(*asked.period_px)), float(generator.uniform(*asked.rotation_deg))
    lattice = draw_lattice(period, turn, generator)
    shape = (asked.size_px, asked.size_px)
    return SimulatedImage(
        size_px=asked.size_px,
        seed=(asked.seed, index),
        lattice=lattice,
        dents=draw_dents(shape, lattice.period_px, generator) if asked.dents else (),
        dent_weight=float(generator.uniform(*_WEIGHT)),
    )


def render_image(image: SimulatedImage) -> NDArray[np.float32]:
    """Render an image as (H, W) float32 in [0, 1]."""
    clean, _ = _rendered(image)
    return add_dents(clean, dent_field(image.dents, clean.shape), image.dent_weight)


def true_columns(image: SimulatedImage) -> Columns:
    """Return the true columns and dents of an image, with intensities in the units of `render_image`."""
    _, columns = _rendered(image)
    weight = image.dent_weight
    dents = tuple(dent.model_copy(update={"depth": weight * dent.depth}) for dent in image.dents)
    return replace(columns, dents=dents)


def _rendered(image: SimulatedImage) -> tuple[NDArray[np.float32], Columns]:
    shape = (image.size_px, image.size_px)
    return render(image.lattice, shape, np.random.default_rng([*image.seed, 1]))


def _pixels(image: SimulatedImage) -> NDArray[Any]:
    return from_unit(render_image(image)[..., None], _WHITE, np.dtype(np.uint16))[0]


def _keep_settings(raw: Path, asked: Simulation, images: list[SimulatedImage]) -> None:
    content = json.dumps({**asdict(asked), "images": [image.model_dump(mode="json") for image in images]}, indent=1)
    place = raw / SETTINGS
    if place.exists() and place.read_text() != content:
        name = FieldRef("name")
        raise UserError(
            f"Other simulated images are already in {raw}; choose another ", name, ", or delete that folder."
        )
    raw.mkdir(parents=True, exist_ok=True)
    place.write_text(content)

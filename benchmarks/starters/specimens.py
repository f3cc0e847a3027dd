"""What the starter models learn from: four real sets, split by specimen as in other tables, and our own simulations.

The real images are those of `benchmarks.pools.FOUR`, whose test specimens stay test specimens. All four sets are
published under the MIT licence. The simulations are phantoms without noise and clean lattices.
"""

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmarks.pools import FOUR
from benchmarks.runner import command
from pipelines.data.simulate import Simulation, draw_image, render_image
from sem_models.images.intensity import IntensityRange, from_unit
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom

DATASET = "starters"
SEED = 8
TEST = r"^(axon_sub-rat[67]|coating_(032919-10|040617-2)|plant_(c1|c4|x3)|powder_sc[24])$"
"""The test specimens of the pool, by their groups."""
SOURCES = {
    "plant": ("Plant stems, SE", "github.com/RickGummy/SEM-Image-Processing-Toolkit"),
    "powder": ("Metal powder, SE", "github.com/rccohn/AMPIS"),
    "coating": ("Barrier coatings, BSE", "github.com/nasa/pretrained-microscopy-models"),
    "axon": ("Axons and myelin, BSE", "github.com/axondeepseg/data_axondeepseg_sem"),
}
"""What the sets of the pool are called and where they are published, all under the MIT licence."""
_GROUPS = FOUR.groups[:-1] + r"|phantom_[a-z]+-\d+|lattice-\d+)"
_PHANTOMS, _LATTICES, _EDGE_PX = 10, 20, 512
_BYTE, _WORD = IntensityRange(0.0, 255.0), IntensityRange(0.0, 65535.0)
STEM = "starters-stem"
_STEM_LATTICES, _ATOM_FIELDS, _STEM_PHANTOMS = 80, 80, 6


def prepare_specimens(data: Path, home: Path) -> None:
    """Write the dataset `starters` into `home`, unless it exists."""
    if (home / "datasets" / DATASET).exists():
        return
    raw = home / f"raw-{DATASET}"
    FOUR.gather(data, raw)
    for kind in PHANTOMS:
        for seed in range(_PHANTOMS):
            phantom = make_phantom(kind, (_EDGE_PX, _EDGE_PX), seed)
            _write(raw / f"phantom_{kind}-{seed:02d}.png", phantom.truth, _BYTE)
    for index in range(_LATTICES):
        image = draw_image(Simulation("lattice", size_px=_EDGE_PX, period_px=(5.0, 24.0)), index)
        _write(raw / f"lattice-{index:03d}.png", render_image(image), _BYTE)
    options = ("--seed", str(SEED), "--group-by", _GROUPS, "--test-groups", TEST)
    command("prepare", str(raw), "--name", DATASET, *options)


def prepare_stem(home: Path) -> None:
    """Write the dataset `starters-stem` into `home`, unless it exists: simulations alone, of 16 bit.

    Lattices with vacancies, light columns and dents; single atoms on a support; and phantoms, whose smooth areas and
    edges stand for particles at low dose.
    """
    if (home / "datasets" / STEM).exists():
        return
    raw = home / f"raw-{STEM}"
    simulation = Simulation("lattice", size_px=_EDGE_PX, period_px=(4.0, 32.0), seed=1)
    for index in range(_STEM_LATTICES):
        _write(raw / f"lattice-{index:03d}.tif", render_image(draw_image(simulation, index)), _WORD)
    for index in range(_ATOM_FIELDS):
        _write(raw / f"atoms-{index:03d}.tif", single_atoms(_EDGE_PX, index), _WORD)
    for kind in PHANTOMS:
        for seed in range(_STEM_PHANTOMS):
            phantom = make_phantom(kind, (_EDGE_PX, _EDGE_PX), 100 + seed)
            _write(raw / f"phantom_{kind}-{seed:02d}.tif", phantom.truth, _WORD)
    groups = r"^(phantom_[a-z]+-\d+|lattice-\d+|atoms-\d+)"
    command("prepare", str(raw), "--name", STEM, "--seed", str(SEED), "--group-by", groups, "--databar-rows", "0")


def single_atoms(edge_px: int, seed: int) -> np.ndarray:
    """Draw heavy atoms on a light support as an annular dark field shows them, (edge, edge) float32 in [0, 1].

    The support has broad thickness changes and the grain of an amorphous film; atoms are Gaussian spots of one width,
    at random places that keep a distance of two widths, of one element with 15 % spread, some of them pairs in
    projection, and of half the intensity in some fields.
    """
    generator = np.random.default_rng([seed, 7])
    sigma_px = float(generator.uniform(1.2, 6.0))
    support = _smooth(generator, edge_px, float(generator.uniform(25, 90))) * generator.uniform(0.05, 0.35)
    support += _smooth(generator, edge_px, sigma_px * generator.uniform(0.8, 1.5)) * generator.uniform(0.0, 0.12)
    places = _apart(generator, edge_px, int(generator.uniform(10, 400)), 2 * sigma_px)
    peaks = generator.choice([1.0, 1.0, 1.0, 2.0], len(places)) * generator.normal(1, 0.15, len(places))
    if generator.random() < 0.3:
        peaks *= generator.choice([0.5, 1.0], len(places))
    y, x = np.mgrid[:edge_px, :edge_px].astype(np.float32)
    image = support.astype(np.float32)
    scale = generator.uniform(0.15, 0.5)
    for (row, column), peak in zip(places, peaks, strict=True):
        near = np.s_[max(0, int(row - 5 * sigma_px)) : int(row + 5 * sigma_px) + 2]
        beside = np.s_[max(0, int(column - 5 * sigma_px)) : int(column + 5 * sigma_px) + 2]
        apart = (y[near, beside] - row) ** 2 + (x[near, beside] - column) ** 2
        image[near, beside] += scale * peak * np.exp(-apart / (2 * sigma_px**2))
    image -= image.min()
    drawn: np.ndarray = image / image.max()
    return drawn


def _smooth(generator: np.random.Generator, edge_px: int, sigma_px: float) -> np.ndarray:
    """Draw Gaussian noise of that correlation length, with a standard deviation of 1."""
    field = gaussian_filter(generator.standard_normal((edge_px, edge_px)), sigma_px, mode="wrap")
    return np.asarray(field / field.std())


def _apart(generator: np.random.Generator, edge_px: int, count: int, distance_px: float) -> np.ndarray:
    """Draw at most `count` places (row, column) in px, none nearer to another than that distance."""
    kept: list[np.ndarray] = []
    for place in generator.uniform(0, edge_px, (count, 2)):
        if all(np.hypot(*(place - other)) >= distance_px for other in kept):
            kept.append(place)
    return np.array(kept)


def _write(path: Path, truth: np.ndarray, white: IntensityRange) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels, _ = from_unit(truth[..., None], white, np.dtype(np.uint8 if white is _BYTE else np.uint16))
    write_micrograph(path, Micrograph(pixels, None))

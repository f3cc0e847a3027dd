"""What the starter models learn from: four real sets, split by specimen as in other tables, and our own simulations.

The real images are those of `benchmarks.pools.FOUR`, whose test specimens stay test specimens. All four sets are
published under the MIT licence. The simulations are phantoms without noise and clean lattices.
"""

from pathlib import Path

import numpy as np

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
_BYTE = IntensityRange(0.0, 255.0)


def prepare_specimens(data: Path, home: Path) -> None:
    """Write the dataset `starters` into `home`, unless it exists."""
    if (home / "datasets" / DATASET).exists():
        return
    raw = home / f"raw-{DATASET}"
    FOUR.gather(data, raw)
    for kind in PHANTOMS:
        for seed in range(_PHANTOMS):
            phantom = make_phantom(kind, (_EDGE_PX, _EDGE_PX), seed)
            _write(raw / f"phantom_{kind}-{seed:02d}.png", phantom.truth)
    for index in range(_LATTICES):
        image = draw_image(Simulation("lattice", size_px=_EDGE_PX, period_px=(5.0, 24.0)), index)
        _write(raw / f"lattice-{index:03d}.png", render_image(image))
    options = ("--seed", str(SEED), "--group-by", _GROUPS, "--test-groups", TEST)
    command("prepare", str(raw), "--name", DATASET, *options)


def _write(path: Path, truth: np.ndarray) -> None:
    pixels, _ = from_unit(truth[..., None], _BYTE, np.dtype(np.uint8))
    write_micrograph(path, Micrograph(pixels, None))

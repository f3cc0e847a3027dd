"""Simulate a small folder of micrographs, for readers who have none at hand.

python examples/make_micrographs.py FOLDER [--dose ELECTRONS_PER_PIXEL]
"""

import argparse
from pathlib import Path

import numpy as np

import sem_models
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom

FIELDS = 3


def main() -> None:
    """Write three fields of each kind of specimen, from two specimens each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--dose", type=float, help="electrons per pixel at white; without it, the recordings are free of noise"
    )
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for kind in PHANTOMS:
        for field in range(FIELDS):
            micrograph = make_phantom(kind, (192, 192), seed=field).micrograph
            if chosen.dose:
                electrons = np.random.default_rng(field).poisson(micrograph.pixels / 255 * chosen.dose)
                noisy = np.clip(electrons / chosen.dose * 255, 0, 255).astype(np.uint8)
                micrograph = micrograph.with_pixels(noisy)
            name = f"{kind}-specimen{field % 2 + 1}_field{field + 1}.tif"
            sem_models.write_micrograph(chosen.folder / name, micrograph)


if __name__ == "__main__":
    main()

"""Real fields that overlap: which of them are recognised, compared with registration at full resolution.

    python -m benchmarks.preparation.overlaps FOLDER

FOLDER holds the sets of real micrographs. The crops of the concretions were cut where they happened to lie, and
overlap by various parts. All pairs are registered by cross-correlation of all their pixels between 1.5 and 12 px, with
which the recognition of copies has nothing in common but the images. Overlapping pairs correlate by more than 0.9,
others by less than 0.3. Writes `overlaps.json`; a minute on one core.
"""

import json
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft
from scipy.ndimage import gaussian_filter

from sem_models.datasets.splits.common_field import same_field
from sem_models.datasets.splits.fingerprint import fingerprint

PATTERN = "petrography_sem_crops/Unet_toBSD*/original*.png"
OVERLAPPING = 0.6
"""Correlation above which two crops overlap: in the middle of the gap."""
_FINE_PX, _COARSE_PX = 1.5, 12
_LEAST_PART = 0.05
Field = NDArray[np.float64]


def main() -> None:
    """Register, recognise and write."""
    files = sorted(Path(sys.argv[1]).glob(PATTERN))
    fields = [np.asarray(Image.open(path).convert("L")) for path in files]
    prints = [fingerprint(field[..., None]) for field in fields]
    bands = [_band(field) for field in fields]
    spectra = [fft.rfft2(band, _padded(band)) for band in bands]
    pairs, apart = [], []
    for one, two in combinations(range(len(files)), 2):
        first, second = _common(bands[one], bands[two], spectra[one] * spectra[two].conj())
        part = first.size / bands[one].size
        correlation = float(np.corrcoef(first.ravel(), second.ravel())[0, 1]) if part > _LEAST_PART else 0.0
        own, other = prints[one], prints[two]
        known = own is not None and other is not None and same_field(own, other)
        if correlation > OVERLAPPING or known:
            names = [files[one].name, files[two].name]
            pairs.append([*names, round(part, 3), round(correlation, 3), known])
        if correlation <= OVERLAPPING:
            apart.append(correlation)
    found = {"images": len(files), "largest correlation of others": round(max(apart), 3), "pairs": pairs}
    Path(__file__).with_name("overlaps.json").write_text(json.dumps(found, indent=1) + "\n")


def _band(field: NDArray[np.uint8]) -> Field:
    grey = field.astype(np.float64)
    band: Field = gaussian_filter(grey, _FINE_PX) - gaussian_filter(grey, _COARSE_PX)
    return band


def _padded(band: Field) -> tuple[int, int]:
    return 2 * band.shape[0], 2 * band.shape[1]


def _common(one: Field, two: Field, product: NDArray[np.complex128]) -> tuple[Field, Field]:
    """Return the parts of two (H, W) fields that coincide at the shift of their best correlation."""
    surface = fft.irfft2(product, _padded(one))
    peak = np.unravel_index(surface.argmax(), surface.shape)
    shifts = [int(p) if p < length else int(p) - 2 * length for p, length in zip(peak, one.shape, strict=True)]
    here = tuple(slice(max(0, s), length + min(0, s)) for s, length in zip(shifts, one.shape, strict=True))
    there = tuple(slice(max(0, -s), length + min(0, -s)) for s, length in zip(shifts, one.shape, strict=True))
    return one[here], two[there]


if __name__ == "__main__":
    main()

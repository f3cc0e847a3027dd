"""Offsets of scan lines at few electrons per pixel: false alarms on images without any, and how many are found.

    python -m benchmarks.inpainting.low_dose [--data FOLDER] [--images N]

Specimens are phantoms, flat and two-phase images, and crops of powders and coatings; the noise is that of counted
electrons, stored in 8, 16 and 32 bit. Offsets are 1 to 8 lines tall, over the whole line or 150 px of it, at 50 e/px;
one counts as found if more than half of its pixels are. Seeds are none of those that the limits were chosen with.
Writes `low_dose.json`. Takes about ten minutes on one core.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from sem_models.images.intensity import UnitImage, intensity_range, to_unit
from sem_models.images.micrograph import Pixels
from sem_models.physics.find_line_defects import find_line_defects
from sem_models.physics.simulators.phantoms.render import Beam
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom

RESULT = Path(__file__).with_suffix(".json")
SIZE = HEIGHT, WIDTH = 256, 320
DOSES_E_PER_PX = (1, 2, 5, 10, 15, 20, 50)
OFFSETS = (0.2, 0.25, 0.3, 0.4)
"""Fractions of the range from black to white."""
LENGTHS_PX = (WIDTH, 150)
_SEED = 10_000
Truth = NDArray[np.float64]
Draw = Callable[[np.random.Generator], Truth]


def flat(_: np.random.Generator) -> Truth:
    """Half of white everywhere."""
    return np.full(SIZE, 0.5)


def phases(rng: np.random.Generator) -> Truth:
    """Two phases with soft edges, of about 20 px, one of them nearly black."""
    blobs = gaussian_filter(rng.standard_normal(SIZE), 6) > 0
    truth: Truth = 0.1 + 0.7 * gaussian_filter(blobs.astype(float), 1.5)
    return truth


def crops(data: Path) -> Draw:
    """Random parts of micrographs with little noise of their own, which a slight blur removes."""
    folders = ("ampis_powder_sem", "nasa_ebc_bse")
    files = [path for name in folders for path in sorted((data / name / "images").glob("*.png"))]

    def draw(rng: np.random.Generator) -> Truth:
        image = np.asarray(Image.open(files[rng.integers(len(files))]).convert("L"), np.float64) / 255
        top, left = rng.integers(900 - HEIGHT), rng.integers(image.shape[1] - WIDTH)
        part: Truth = gaussian_filter(image[top : top + HEIGHT, left : left + WIDTH], 0.7)
        return part

    return draw


def recorded(truth: Truth, dose_e_per_px: float, rng: np.random.Generator, form: int) -> UnitImage:
    """Count electrons, and read them as the program does: 16 bit, 8 bit, or 32 bit with read noise of 0.3 e."""
    counts = rng.poisson(truth * dose_e_per_px)
    white = dose_e_per_px + 3 * dose_e_per_px**0.5
    pixels: Pixels = (
        counts.astype(np.uint16),
        np.rint(counts * 255 / white).clip(0, 255).astype(np.uint8),
        (counts + rng.normal(0, 0.3, SIZE)).astype(np.float32),
    )[form % 3]
    return to_unit(pixels, intensity_range(pixels))


def false_alarms(draws: dict[str, Draw], images: int) -> dict[str, dict[str, int]]:
    """Count images with an alarm, by dose and specimen."""
    found: dict[str, dict[str, int]] = {}
    for dose in DOSES_E_PER_PX:
        row = found[str(dose)] = {}
        for kind in PHANTOMS:
            row[kind] = sum(_alarm_on_phantom(kind, dose, index) for index in range(images))
        for name, draw in draws.items():
            rngs = [np.random.default_rng((_SEED, index, dose)) for index in range(images)]
            given = (recorded(draw(rng), dose, rng, form) for form, rng in enumerate(rngs))
            row[name] = sum(bool(find_line_defects(image).any()) for image in given)
        print(dose, row, flush=True)
    return found


def _alarm_on_phantom(kind: str, dose: int, index: int) -> bool:
    dtype: Literal["uint8", "uint16"] = "uint16" if index % 2 else "uint8"
    pixels = make_phantom(kind, SIZE, _SEED + index, Beam(dose_e_per_px=dose), dtype=dtype).micrograph.pixels
    return bool(find_line_defects(to_unit(pixels[..., 0], intensity_range(pixels))).any())


def recall(draw: Draw, offset: float, length_px: int, images: int) -> float:
    """Share of offsets that are found at 50 e/px."""
    shares = []
    for index in range(images):
        rng = np.random.default_rng((_SEED, index, round(100 * offset), length_px))
        truth, places = draw(rng).copy(), []
        row = 10
        while row < HEIGHT - 16:
            rows, left = int(rng.choice([1, 2, 4, 8])), int(rng.integers(WIDTH - length_px + 1))
            place = np.s_[row : row + rows, left : left + length_px]
            sign = 1 if truth[place].mean() < 0.5 else -1
            truth[place] = (truth[place] + sign * offset).clip(0, None)
            places.append(place)
            row += rows + 20
        found = find_line_defects(recorded(truth, 50, rng, index))
        shares += [found[place].mean() > 0.5 for place in places]
    return float(np.mean(shares))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--images", type=int, default=100)
    chosen = parser.parse_args()
    draws = {"flat": flat, "phases": phases, "crops": crops(chosen.data)}
    content: dict[str, Any] = {"images": chosen.images, "false_alarms": false_alarms(draws, chosen.images)}
    content["recall"] = {
        name: {
            f"{offset:g} over {length} px": round(recall(draw, offset, length, max(chosen.images // 4, 1)), 3)
            for offset in OFFSETS
            for length in LENGTHS_PX
        }
        for name, draw in draws.items()
    }
    print(json.dumps(content["recall"], indent=1))
    RESULT.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()

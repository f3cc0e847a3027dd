"""How many copies of a field are recognised, and how many pairs of different fields are taken for one.

    python -m benchmarks.preparation.near_duplicates FOLDER

FOLDER holds the sets of real micrographs. Each image is compared with copies of itself: two crops that are shifted by a
part of their edge in both directions, the whole image at fewer pixels, compressed as JPEG of quality 50, and all of
them together. Then all images of all sets are compared with each other, and every pair that is found is listed for
inspection. Simulated lattices and noise have no field in common at all. Writes `near_duplicates.json`; five minutes on
one core.
"""

import io
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.data.requests import SimulateRequest
from pipelines.data.simulate import draw_image, render_image, simulation
from sem_models.datasets.splits.common_field import links, same_field
from sem_models.datasets.splits.fingerprint import Fingerprint, fingerprint
from sem_models.images.channels import to_grey
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.io.read import read_pages
from sem_models.images.resample import resample

SETS = {
    "metal powder": "ampis_powder_sem/images/*.png",
    "plant stems": "plant_stem_sem_databar/images/*.tif",
    "coatings": "nasa_ebc_bse/images/*.png",
    "superalloys": "nasa_superalloy_sem/images/*.png",
    "concretions": "petrography_sem_crops/Unet_toBSD*/original*.png",
    "axons": "axon_myelin_sem/sub*/micr/*.png",
    "serial sections": "vnc_sstem/stack1/raw/*.tif",
    "TiO2 particles": "bam_tio2_sem_tsem_pairs/SEM/*.tif",
    "three detectors": "kit_zeiss_sem/**/*.tif",
    "atomic lattices": "haadf_atomic_lattice/*/*.png",
    "Pt atoms": "acstem_single_atoms_pt/images/*.tif",
    "molecular catalysts": "haadf_single_atoms_16bit/images/*.tif",
    "focus series": "sem_focus_series/*.png",
    "low-dose frames": "tem_lowdose_pairs/*.tif",
    "slow scans": "sem_fast_slow_pairs/slow/*.png",
    "fast scans": "sem_fast_slow_pairs/fast/*.png",
}
COPIED = 10
"""Largest number of images of a set that are copied, evenly spaced."""
COMPARED = 400
"""Largest number of images of a set that are compared with all others: the first in the order of their names."""
Pixels = NDArray[Any]
Two = tuple[Pixels, Pixels]


def main() -> None:
    """Measure and write."""
    data = Path(sys.argv[1])
    prints: dict[str, Fingerprint | None] = {}
    recall: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for name, pattern in SETS.items():
        files = sorted(data.glob(pattern))[:COMPARED]
        copied = {files[index] for index in np.linspace(0, len(files) - 1, min(COPIED, len(files))).astype(int)}
        for path in files:
            for source, pixels in _images(path):
                prints[f"{name}: {source}"] = fingerprint(pixels)
                if path in copied:
                    for copy, make in COPIES.items():
                        recall[name][copy].append(_recognised(*make(pixels)))
        print(name, {copy: float(np.mean(hits)) for copy, hits in recall[name].items()}, flush=True)
    found = {
        "recall": {name: {copy: [sum(h), len(h)] for copy, h in of.items()} for name, of in recall.items()},
        "all pairs": _all_pairs(prints),
        "simulated": {what: _all_pairs(made) for what, made in _simulated().items()},
    }
    Path(__file__).with_name("near_duplicates.json").write_text(json.dumps(found, indent=1) + "\n")


def _images(path: Path) -> Iterator[tuple[str, Pixels]]:
    for micrograph in read_pages(path):
        grey = to_grey(micrograph)
        yield micrograph.source, crop_databar(grey, find_databar(grey)).pixels[..., :1]


def _recognised(first: Pixels, second: Pixels) -> bool:
    one, two = fingerprint(first), fingerprint(second)
    return one is not None and two is not None and same_field(one, two)


def _shifted(part: float) -> Callable[[Pixels], Two]:
    """Cut two crops, the second further down and right by a part of their edge."""

    def make(pixels: Pixels) -> Two:
        height, width = (int(edge / (1 + part)) for edge in pixels.shape[:2])
        return pixels[:height, :width], pixels[-height:, -width:]

    return make


def _scaled(factor: float) -> Callable[[Pixels], Two]:
    return lambda pixels: (pixels, resample(pixels, factor))


def _compressed(pixels: Pixels) -> Pixels:
    low, high = np.percentile(pixels, (0.1, 99.9)) if pixels.dtype != np.uint8 else (0, 255)
    grey = np.clip((pixels[..., 0].astype(float) - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "jpeg", quality=50)
    return np.asarray(Image.open(file))[..., None]


def _all_at_once(pixels: Pixels) -> Two:
    first, second = _shifted(0.25)(pixels)
    return first, _compressed(resample(second, 0.7))


COPIES: dict[str, Callable[[Pixels], Two]] = {
    **{f"shifted by {part:.0%}": _shifted(part) for part in (0.1, 0.2, 0.25)},
    **{f"scaled by {factor}": _scaled(factor) for factor in (0.5, 0.7, 0.9)},
    "JPEG, quality 50": lambda pixels: (pixels, _compressed(pixels)),
    "shifted by 25%, scaled by 0.7, JPEG": _all_at_once,
}


def _all_pairs(prints: dict[str, Fingerprint | None]) -> dict[str, Any]:
    """List the pairs that connect images of one field; each is to be inspected."""
    names = list(prints)
    start = time.process_time()
    pairs = links(list(prints.values()), range(len(names)))
    return {
        "images": len(names),
        "pairs": len(names) * (len(names) - 1) // 2,
        "seconds": round(time.process_time() - start, 1),
        "found": [[names[first], names[second]] for first, second in pairs],
    }


def _simulated() -> dict[str, dict[str, Fingerprint | None]]:
    rng = np.random.default_rng(0)
    white = (rng.normal(128, 20, (256, 256, 1)) for _ in range(200))
    settings = {"lattices of 8 to 14 px": None, "lattices of 10 to 10.2 px": (10.0, 10.2)}
    made = {"white noise": {str(index): fingerprint(image) for index, image in enumerate(white)}}
    for name, period in settings.items():
        for dents in (True, False):
            asked = simulation(SimulateRequest(name="x", count=100, period_px=period, dents=dents))
            images = (render_image(draw_image(asked, index))[..., None] for index in range(asked.count))
            key = f"{name}, {'with' if dents else 'without'} dents"
            made[key] = {str(index): fingerprint(image) for index, image in enumerate(images)}
    return made


if __name__ == "__main__":
    main()

"""Single atoms found in real HAADF-STEM images before and after each filter, against positions labelled by hand.

    python -m benchmarks.denoising.real_atoms --data FOLDER

Nine very noisy 16-bit images of platinum porphyrins, 512 x 512 px. The detector is the same for all filters: local
maxima of the Laplacian of a Gaussian, the matched filter of a round spot. Its two settings, the width of the Gaussian
and the threshold, are chosen for each image and filter on the other eight images, so that no image decides about
itself. An atom is found if a detection and a label are each other's nearest and at most `MATCH_PX` apart. Writes
`real_atoms.json`.
"""

import csv
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_laplace
from scipy.spatial import KDTree
from skimage.feature import peak_local_max

from benchmarks.runner import options
from sem_models.evaluation.baselines import filters
from sem_models.evaluation.statistics.intervals import cluster_interval
from sem_models.images.intensity import UnitImage, intensity_range, to_unit
from sem_models.images.io.read import read_micrograph

MATCH_PX = 5.0
WIDTHS_PX = (1.5, 2.0, 3.0, 4.0)
THRESHOLDS = tuple(np.linspace(2.0, 9.0, 29))
"""In standard deviations of the filtered image, found robustly."""
_SAME_ATOM_PX = 4
RESULT, NONE = Path(__file__).with_name("real_atoms.json"), "none"
_SET = "haadf_single_atoms_16bit"
FILTERS: dict[str, Callable[[UnitImage], UnitImage]] = {
    NONE: lambda image: image,
    "gaussian": filters.gaussian_filter,
    "nlm": filters.non_local_means,
    "tv": filters.total_variation,
}
Points = NDArray[np.float64]
Counts = tuple[int, int, int]
"""Atoms found, labels without a detection, detections without a label."""


def main() -> None:
    """Detect, choose, score and write."""
    result = detected(options(__doc__).data, FILTERS)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["summary"], indent=1))


def detected(data: Path, denoisers: dict[str, Callable[[UnitImage], UnitImage]]) -> dict[str, Any]:
    """Score the detector after each denoiser; `none` must be among them, as gains are relative to it."""
    images = labelled_images(data)
    labels = {name: _labels(data / _SET / "label_coordinates" / f"{name}.csv") for name in images}
    counts = {
        name: {image: _all_counts(apply(pixels), labels[image]) for image, pixels in images.items()}
        for name, apply in denoisers.items()
    }
    rows = [
        {"filter": name, "image": image, "atoms": len(labels[image]), **_held_out(of_filter, image)}
        for name, of_filter in counts.items()
        for image in images
    ]
    return {"match_px": MATCH_PX, "images": len(images), "summary": _summary(rows), "rows": rows}


def labelled_images(data: Path) -> dict[str, UnitImage]:
    """Read the images that have labels, (H, W) in unit intensity, by name."""
    names = sorted(path.stem for path in (data / _SET / "label_coordinates").glob("*.csv"))
    return {name: _image(data / _SET / "images" / f"{name}.tif") for name in names}


def _labels(path: Path) -> Points:
    with path.open() as file:
        return np.array([(float(row["Y"]), float(row["X"])) for row in csv.DictReader(file)])


def _image(path: Path) -> UnitImage:
    pixels = read_micrograph(path).pixels
    return np.ascontiguousarray(to_unit(pixels, intensity_range(pixels))[:, :, 0])


def _all_counts(image: UnitImage, labels: Points) -> dict[tuple[float, float], Counts]:
    """Count by width and threshold."""
    found = {}
    for width in WIDTHS_PX:
        response = -gaussian_laplace(image.astype(np.float64), width)
        deviation = 1.4826 * float(np.median(np.abs(response - np.median(response))))
        # The lowest threshold finds the peaks of all others.
        peaks = peak_local_max(response, min_distance=_SAME_ATOM_PX, threshold_abs=THRESHOLDS[0] * deviation)
        heights = response[tuple(peaks.T)] / max(deviation, 1e-12)
        for threshold in THRESHOLDS:
            found[width, threshold] = _matched(peaks[heights >= threshold].astype(np.float64), labels)
    return found


def _matched(found: Points, labels: Points) -> Counts:
    if not len(found):
        return 0, len(labels), 0
    distance, partner = KDTree(found).query(labels)
    back = KDTree(labels).query(found)[1]
    hits = int(((back[partner] == np.arange(len(labels))) & (distance <= MATCH_PX)).sum())
    return hits, len(labels) - hits, len(found) - hits


def _held_out(counts: dict[str, dict[tuple[float, float], Counts]], image: str) -> dict[str, Any]:
    """Score one image with the settings that are best on the others."""
    others = [of_image for name, of_image in counts.items() if name != image]
    best = max(others[0], key=partial(_mean_f1, others))
    hits, missing, invented = counts[image][best]
    return {
        "width_px": best[0],
        "threshold": round(best[1], 2),
        "found": hits,
        "missing": missing,
        "invented": invented,
        "f1": _f1(counts[image][best]),
    }


def _mean_f1(images: list[dict[tuple[float, float], Counts]], settings: tuple[float, float]) -> float:
    return float(np.mean([_f1(of_image[settings]) for of_image in images]))


def _f1(counts: Counts) -> float:
    hits, missing, invented = counts
    return 2 * hits / (2 * hits + missing + invented) if hits + missing + invented else 1.0


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Each image is a specimen of its own: other molecules on another place of the support."""
    plain = {row["image"]: row["f1"] for row in rows if row["filter"] == "none"}
    found = {}
    for name in dict.fromkeys(row["filter"] for row in rows):
        own = [row for row in rows if row["filter"] == name]
        images = [row["image"] for row in own]
        score = cluster_interval([row["f1"] for row in own], images)
        gain = cluster_interval([row["f1"] - plain[row["image"]] for row in own], images)
        found[name] = {
            "f1": score.mean, "interval": [score.lo, score.hi], "gain": gain.mean, "gain_interval": [gain.lo, gain.hi],
            **{key: sum(row[key] for row in own) for key in ("atoms", "found", "missing", "invented")},
        }  # fmt: skip
    return found


if __name__ == "__main__":
    main()

"""What `starter:denoise` reaches on images that it never saw, beside the best methods without training.

    python -m benchmarks.starters.denoise --data FOLDER [--home FOLDER] [--pictures FOLDER]

- Simulated noise of 10, 50 and 200 e/px, with read noise of 0.02 of the range, on the centres of the 13 test images of
  the training sets (nine specimens that it did not learn from), 512 px square.
- Real noise: fast scans of `sem_fast_slow_pairs`, which it did not learn from, beside the filters of
  `benchmarks.super_resolution.real_track`, all enlarged by bicubic interpolation and compared with the slow scans.
- Harm: centres of 384 px of all images of sets that it did not learn from, with the same noise: how often the output
  is further from the recorded image than the noisy input is.

Writes `denoise.json`. Rows of the filters are kept; those of the model are computed anew where its weights changed.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pools import FOUR
from benchmarks.runner import options
from benchmarks.runner import prepare as prepare_pool
from benchmarks.starters.foreign import foreign_images
from benchmarks.starters.methods import BM3D, READ_NOISE, methods
from benchmarks.super_resolution import real_track
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.metrics.gradients import edge_retention
from sem_models.evaluation.metrics.lpips import lpips_alex
from sem_models.evaluation.metrics.table import psnr_affine_db, psnr_db, ssim
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval
from sem_models.images.intensity import UnitImage
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import WEIGHTS
from sem_models.inference.predictor import Predictor
from sem_models.starters.shelf import load_starter, starter_folder

NAME, MODEL, INPUT = "denoise", "starter:denoise", "noisy input"
RESULT = Path(__file__).with_name("denoise.json")
DOSES = (10, 50, 200)
_EDGE_PX, _BORDER_PX = 512, 1
METRICS = {"psnr_db": psnr_db, "ssim": ssim, "edge_retention": edge_retention, "lpips_alex": lpips_alex}
Rows = dict[str, dict[str, Any]]
"""Scores by method, and the specimen, of each image."""
Restore = Callable[[UnitImage], UnitImage]


def forward(dose_e_per_px: float) -> Degradation:
    """Shot noise of that dose, and read noise."""
    return Degradation(scale=1, dose_e_per_px=dose_e_per_px, read_noise=READ_NOISE)


def simulated(dataset: Dataset, restore: Restore, known: dict[str, Rows], pictures: Path | None) -> dict[str, Rows]:
    """Scores of every method on the test images of the pool, by dose."""
    return {str(dose): _at_dose(dataset, restore, dose, known.get(str(dose), {}), pictures) for dose in DOSES}


def _at_dose(dataset: Dataset, restore: Restore, dose: int, known: Rows, pictures: Path | None) -> Rows:
    rows: Rows = {}
    for entry in dataset.entries("test"):
        case = make_case(dataset, entry, forward(dose), 1)
        noisy, clean = (centre(image[0], _EDGE_PX) for image in (case.input, case.target))
        row = dict(known.get(entry.name, {"group": entry.group}))
        outputs = {MODEL: restore(noisy)}
        outputs |= {name: apply(noisy, dose) for name, apply in methods().items() if name not in row or pictures}
        if INPUT not in row:
            outputs[INPUT] = noisy
        rows[entry.name] = row | {name: _scores(output, clean) for name, output in outputs.items()}
        print(dose, entry.name, {n: round(s["psnr_db"], 2) for n, s in rows[entry.name].items() if n != "group"}, flush=True)
        if pictures:
            _picture(pictures / f"{dose}-{entry.name}.png", [noisy, outputs[BM3D], outputs[MODEL], clean])
    return rows


def real_pairs(dataset: Dataset, restore: Restore) -> dict[str, Any]:
    """Scores on real fast scans, with those of the filters from the table of real super-resolution."""
    filters = json.loads(real_track.RESULT.read_text())["methods"]
    plain = {name: filters[name]["rows"] for name in filters if not name.startswith(real_track.RECIPES)}
    ours = real_track.scored(lambda fast: real_track.enlarged(restore(fast)), dataset)
    names = [entry.name for entry in dataset.entries("test")]
    return {
        name: {"group": entry.group} | {method: rows[name] for method, rows in (plain | {MODEL: ours}).items()}
        for name, entry in zip(names, dataset.entries("test"), strict=True)
    }


def harm(data: Path, restore: Restore, known: dict[str, Rows]) -> dict[str, Rows]:
    """PSNR of input, output and non-local means on images of foreign sets, by dose."""
    found: dict[str, Rows] = {str(dose): {} for dose in DOSES}
    for image in foreign_images(data):
        for dose in DOSES:
            row = dict(known.get(str(dose), {}).get(image.name, {"group": image.set}))
            noisy = image.noisy(forward(dose))
            tried = {MODEL: restore(noisy)}
            if INPUT not in row:
                tried |= {INPUT: noisy, "non-local means": methods()["non-local means"](noisy, dose)}
            scores = {name: {"psnr_db": _psnr(output, image.recorded)} for name, output in tried.items()}
            found[str(dose)][image.name] = row | scores
        print(image.set, image.name, flush=True)
    return found


def summary(content: dict[str, Any]) -> dict[str, Any]:
    """Means and gains over the best baseline with intervals over specimens, and how many images were harmed."""
    return {
        "simulated": {dose: _compared(rows, tuple(METRICS)) for dose, rows in content["simulated"].items()},
        "real": _compared(content["real"], tuple(real_track.METRICS)),
        "harm": {dose: _harmed(rows) for dose, rows in content["harm"].items()},
    }


def _compared(rows: Rows, metrics: Sequence[str]) -> dict[str, Any]:
    groups = [row["group"] for row in rows.values()]
    names = [name for name in next(iter(rows.values())) if name != "group"]
    values = {n: {m: [row[n][m] for row in rows.values()] for m in metrics} for n in names}
    rivals = [name for name in names if name not in (MODEL, INPUT)]
    best = max(rivals, key=lambda name: float(np.mean(values[name]["psnr_db"])))
    gains = {
        name: {m: _plain(cluster_interval(np.subtract(values[MODEL][m], values[name][m]).tolist(), groups)) for m in metrics}
        for name in (*rivals, *([INPUT] if INPUT in names else []))
    }
    means = {n: {m: _plain(cluster_interval(v, groups)) for m, v in found.items()} for n, found in values.items()}
    return {"images": len(rows), "specimens": len(set(groups)), "best": best, "means": means, "gains": gains}


def _harmed(rows: Rows) -> dict[str, Any]:
    """Count images whose output is further from the recorded one than the input is, by 0.3 dB and more, by set."""
    found = {}
    for name in sorted({row["group"] for row in rows.values()}):
        own = [row for row in rows.values() if row["group"] == name]
        found[name] = {
            "images": len(own),
            **{
                method: {
                    "harmed": sum(row[method]["psnr_db"] < row[INPUT]["psnr_db"] - 0.3 for row in own),
                    "gain_db": float(np.mean([row[method]["psnr_db"] - row[INPUT]["psnr_db"] for row in own])),
                    "least_db": float(min(row[method]["psnr_db"] - row[INPUT]["psnr_db"] for row in own)),
                }
                for method in (MODEL, "non-local means")
            },
        }
    return found


def centre(image: UnitImage, edge_px: int) -> UnitImage:
    """Cut the central square of (H, W), of at most `edge_px`."""
    height, width = (min(edge_px, size) for size in image.shape)
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def _scores(output: UnitImage, clean: UnitImage) -> dict[str, float]:
    inner = np.s_[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX]
    first, second = (np.clip(image, 0, 1)[inner] for image in (output, clean))
    return {name: float(compute(first, second, 1.0)) for name, compute in METRICS.items()}


def _psnr(output: UnitImage, clean: UnitImage) -> float:
    return psnr_db(np.clip(output, 0, 1), np.clip(clean, 0, 1), 1.0)


def _plain(found: Interval) -> dict[str, float | None]:
    lo, hi = (None if np.isnan(limit) else float(limit) for limit in (found.lo, found.hi))
    return {"mean": float(found.mean), "lo": lo, "hi": hi}


def _picture(path: Path, images: Sequence[UnitImage]) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    strip = np.concatenate([np.clip(centre(image, 320), 0, 1) for image in images], axis=1)
    Image.fromarray((strip * 255).astype(np.uint8)).save(path)


def measure(data: Path, home: Path, pictures: Path | None) -> dict[str, Any]:
    """Score what is missing, write everything and return the summary."""
    prepare_pool(FOUR, data, home)
    predictor = Predictor(load_starter(NAME), "cpu")

    def restore(image: UnitImage) -> UnitImage:
        restored: UnitImage = predictor.predict_unit(image[None])[0]
        return restored

    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    pool = open_dataset(home / "datasets" / FOUR.dataset)
    pairs = real_track.prepare(data, home)
    content: dict[str, Any] = {
        "sha256": file_sha256(starter_folder(NAME) / WEIGHTS),
        "simulated": simulated(pool, restore, known.get("simulated", {}), pictures),
        "real": real_pairs(pairs, restore),
        "harm": harm(data, restore, known.get("harm", {})),
    }
    found = summary(content)
    RESULT.write_text(json.dumps({"summary": found, **content}, indent=1) + "\n")
    return found


def main() -> None:
    """Measure the model that is on the shelf."""
    chosen = options(__doc__)
    measure(chosen.data, chosen.home, chosen.pictures)


if __name__ == "__main__":
    main()

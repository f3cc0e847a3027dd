"""What `starter:denoise` reaches on images that it never saw, beside the best methods without training.

    python -m benchmarks.starters.denoise --data FOLDER [--home FOLDER] [--pictures FOLDER]

- Simulated noise of 10, 50 and 200 e/px, with read noise of 0.02 of the range, on the centres of the 13 test images of
  the training sets (nine specimens that it did not learn from), 384 px square.
- Real noise: fast scans of `sem_fast_slow_pairs`, which it did not learn from, beside the filters of
  `benchmarks.super_resolution.real_track`, all enlarged by bicubic interpolation and compared with the slow scans.
- Harm: centres of 256 px of all images of sets that it did not learn from, with the same noise: how often the output
  is further from the recorded image than the noisy input is.

Writes `denoise.json`. Rows of the filters are kept; those of the model are computed anew each time.
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
from benchmarks.super_resolution.variants import VARIANTS
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.metrics.gradients import edge_retention
from sem_models.evaluation.metrics.lpips import lpips_alex
from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import psnr_db
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
_EDGE_PX, _BORDER_PX, _HARM_DB = 384, 1, 0.3
METRICS = {"psnr_db": psnr_db, "ssim": ssim, "edge_retention": edge_retention, "lpips_alex": lpips_alex}
Rows = dict[str, dict[str, Any]]
"""Scores by method, and the specimen, of each image."""
Restore = Callable[[UnitImage], UnitImage]
Keep = Callable[[], None]
"""Writes what is known so far, so that an interrupted measurement goes on."""


def forward(dose_e_per_px: float) -> Degradation:
    """Shot noise of that dose, and read noise."""
    return Degradation(scale=1, dose_e_per_px=dose_e_per_px, read_noise=READ_NOISE)


def simulated(dataset: Dataset, restore: Restore, known: dict[str, Rows], keep: Keep, pictures: Path | None) -> None:
    """Score every method on the test images of the pool, by dose; `known` holds the rows."""
    for dose in DOSES:
        rows = known.setdefault(str(dose), {})
        for entry in dataset.entries("test"):
            case = make_case(dataset, entry, forward(dose), 1)
            noisy, clean = (centre(image[0], _EDGE_PX) for image in (case.input, case.target))
            row = rows.setdefault(entry.name, {"group": entry.group, INPUT: _scores(noisy, clean)})
            outputs = {MODEL: restore(noisy)}
            outputs |= {name: apply(noisy, dose) for name, apply in methods().items() if name not in row or pictures}
            row |= {name: _scores(output, clean) for name, output in outputs.items()}
            keep()
            print(dose, entry.name, {n: round(s["psnr_db"], 2) for n, s in row.items() if n != "group"}, flush=True)
            if pictures:
                _picture(pictures / f"{dose}-{entry.name}.png", [noisy, outputs[BM3D], outputs[MODEL], clean])


def real_pairs(dataset: Dataset, restore: Restore, known: Rows) -> None:
    """Score real fast scans, beside the filters from the table of real super-resolution."""
    filters = json.loads(real_track.RESULT.read_text())["methods"]
    plain = {name: filters[name]["rows"] for name in filters if not name.startswith(tuple(VARIANTS))}
    ours = real_track.scored(lambda fast: real_track.enlarged(restore(fast)), dataset)
    for entry in dataset.entries("test"):
        scores = {method: rows[entry.name] for method, rows in (plain | {MODEL: ours}).items()}
        known[entry.name] = {"group": entry.group, **scores}


def harm(data: Path, restore: Restore, known: dict[str, Rows], keep: Keep) -> None:
    """Score input and output by PSNR on images of foreign sets, by dose."""
    for image in foreign_images(data):
        for dose in DOSES:
            noisy = image.noisy(forward(dose))
            row = known.setdefault(str(dose), {}).setdefault(image.name, {"group": image.set})
            tried = {INPUT: noisy, MODEL: restore(noisy)}
            row |= {name: {"psnr_db": _psnr(output, image.recorded)} for name, output in tried.items()}
        keep()


def summary(content: dict[str, Any]) -> dict[str, Any]:
    """Means and gains over the best baseline with intervals over specimens, and how many images were harmed."""
    return {
        "simulated": {dose: _compared(rows, tuple(METRICS)) for dose, rows in content["simulated"].items()},
        "real": _compared(content["real"], tuple(real_track.METRICS)),
        "harm": {dose: _harmed(rows) for dose, rows in content["harm"].items()},
    }


def _compared(rows: Rows, metrics: Sequence[str]) -> dict[str, Any]:
    groups = [row["group"] for row in rows.values()]
    names = [
        name for name in next(iter(rows.values())) if name != "group" and all(name in row for row in rows.values())
    ]
    values = {n: {m: [row[n][m] for row in rows.values()] for m in metrics} for n in names}
    rivals = [name for name in names if name not in (MODEL, INPUT)]
    best = max(rivals, key=lambda name: float(np.mean(values[name]["psnr_db"])))
    gains = {
        name: {
            m: _plain(cluster_interval(np.subtract(values[MODEL][m], values[name][m]).tolist(), groups))
            for m in metrics
        }
        for name in (*rivals, *([INPUT] if INPUT in names else []))
    }
    means = {n: {m: _plain(cluster_interval(v, groups)) for m, v in found.items()} for n, found in values.items()}
    return {"images": len(rows), "specimens": len(set(groups)), "best": best, "means": means, "gains": gains}


def _harmed(rows: Rows) -> dict[str, Any]:
    """Count images whose output is further from the recorded one than the input is, by 0.3 dB and more, by set."""
    found = {}
    for name in sorted({row["group"] for row in rows.values()}):
        own = [row for row in rows.values() if row["group"] == name]
        gains = [row[MODEL]["psnr_db"] - row[INPUT]["psnr_db"] for row in own]
        found[name] = {
            "images": len(own),
            "harmed": sum(gain < -_HARM_DB for gain in gains),
            "gain_db": float(np.mean(gains)),
            "least_db": min(gains),
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


def measure(data: Path, home: Path, pictures: Path | None, only: Sequence[str] | None = None) -> dict[str, Any]:
    """Score what is missing, or only some of the parts `simulated`, `real` and `harm`; return the summary."""
    predictor = Predictor(load_starter(NAME), "cpu")
    content: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    content |= {"sha256": file_sha256(starter_folder(NAME) / WEIGHTS)}

    def restore(image: UnitImage) -> UnitImage:
        restored: UnitImage = predictor.predict_unit(image[None])[0]
        return restored

    def keep() -> None:
        RESULT.write_text(json.dumps(content, indent=1) + "\n")

    if not only or "simulated" in only:
        prepare_pool(FOUR, data, home)
        pool = open_dataset(home / "datasets" / FOUR.dataset)
        simulated(pool, restore, content.setdefault("simulated", {}), keep, pictures)
    if not only or "harm" in only:
        harm(data, restore, content.setdefault("harm", {}), keep)
    if not only or "real" in only:
        real_pairs(real_track.prepare(data, home), restore, content.setdefault("real", {}))
    found = summary(content) if all(part in content for part in ("simulated", "real", "harm")) else {}
    content["summary"] = found
    keep()
    return found


def main() -> None:
    """Measure the model that is on the shelf."""
    chosen = options(__doc__)
    measure(chosen.data, chosen.home, chosen.pictures, chosen.only)


if __name__ == "__main__":
    main()

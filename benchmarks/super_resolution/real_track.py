"""x2 super-resolution of real scans: fast, noisy, half-sampled inputs and slow, clean targets of the same fields.

    python -m benchmarks.super_resolution.real_track --data FOLDER [--home FOLDER] [--only LABEL ...]

Registers the pairs of `sem_fast_slow_pairs` to fractions of a pixel and splits them by block of the source. Finished
runs are kept in `real_track_runs.json`; `variants.py` names the networks. The strengths of the filters are chosen
on validation images. Test scores of filters and networks, with intervals over blocks, go to `real_track.json`.
BM3D (`pip install bm3d`, for non-commercial use only) is scored if it is installed.
"""

import importlib.util
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage.restoration import denoise_nl_means

from benchmarks.runner import Table, command, options
from benchmarks.super_resolution.over_seeds import Scores, as_json
from benchmarks.super_resolution.variants import CONTRASTS, SEEDS, VARIANTS
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.manifest import Entry
from sem_models.evaluation.baselines.filters import noise_sigma
from sem_models.evaluation.metrics.frequency import frc_mean
from sem_models.evaluation.metrics.gradients import edge_retention, gradient_error
from sem_models.evaluation.metrics.lpips import lpips_alex
from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import psnr_affine_db, psnr_db
from sem_models.evaluation.metrics.texture import gradient_energy_ratio
from sem_models.evaluation.statistics.intervals import cluster_interval
from sem_models.images.intensity import UnitImage
from sem_models.inference.predictor import Predictor
from sem_models.physics.downsampling import upsample

HERE = Path(__file__).resolve().parent
RUNS, RESULT = HERE / "real_track_runs.json", HERE / "real_track.json"
DATASET, SCALE = "fast-slow", 2
SAME = ("train.batch=8", "train.patch=64", "train.steps=400", "train.validate_every=200")
JOBS = tuple(
    variant.job(f"{name} {seed}", DATASET, SCALE, seed) for name, variant in VARIANTS.items() for seed in range(SEEDS)
)
STRENGTHS = (0.5, 0.8, 1.2, 1.8, 2.6)
"""Of the filters, in units of the measured noise."""
_EVERY = 16
"""Every sixteenth validation image decides a strength."""
METRICS = {
    "psnr_db": psnr_db,
    "psnr_affine_db": psnr_affine_db,
    "ssim": ssim,
    "gradient_error": gradient_error,
    "edge_retention": edge_retention,
    "gradient_energy_ratio": gradient_energy_ratio,
    "frc_mean": frc_mean,
    "lpips_alex": lpips_alex,
}
COMPARED = ("psnr_db", "psnr_affine_db", "ssim", "gradient_error", "edge_retention", "frc_mean", "lpips_alex")
"""Scores whose differences are given with intervals."""
Filter = Callable[[UnitImage, float], UnitImage]
Rows = dict[str, dict[str, float]]
"""Scores by image."""


def prepare(data: Path, home: Path) -> Dataset:
    """Register and split the pairs unless that was done."""
    folder = home / "datasets" / DATASET
    if not folder.exists():
        raw = data / "sem_fast_slow_pairs"
        pairs = ["--kind", "paired", "--target", str(raw / "slow"), "--register", "translation"]
        command("prepare", str(raw / "fast"), "--name", DATASET, "--group-by", r"^(b\d+)", *pairs)
    return open_dataset(folder)


def registration(dataset: Dataset) -> dict[str, Any]:
    """Count the pairs that could be registered, and describe their shifts and residuals in px of the slow scan."""
    entries = dataset.manifest.entries
    lengths = [float(np.hypot(*entry.shift_px)) for entry in entries if entry.shift_px]
    before = [entry.residual_before.median_px for entry in entries if entry.residual_before]
    after = [entry.residual.median_px for entry in entries if entry.residual]
    groups = {split: sorted({e.group for e in dataset.entries(split)}) for split in ("train", "val", "test")}
    return {
        "pairs": len(entries),
        "rejected": len(dataset.manifest.skipped),
        "images": {split: len(dataset.entries(split)) for split in ("train", "val", "test")},
        "groups": groups,
        "percentiles": [5, 25, 50, 75, 95],
        "shift_px": _percentiles(lengths),
        "residual_before_px": _percentiles(before),
        "residual_px": _percentiles(after),
    }


def unregistered_gain(dataset: Dataset, data: Path) -> dict[str, Any]:
    """Bicubic PSNR on the test split as published and after registration, in dB, without a border of 8 px."""
    from sem_models.images.io.read import read_micrograph

    raw, found = data / "sem_fast_slow_pairs", {}
    for entry in dataset.entries("test"):
        pair = [
            read_micrograph(raw / part / entry.name).pixels[..., 0].astype(np.float32) / np.float32(255)
            for part in ("fast", "slow")
        ]
        before = psnr_db(enlarged(pair[0])[8:-8, 8:-8], pair[1][8:-8, 8:-8], 1.0)
        small, target = pair_of(dataset, entry)
        after = psnr_db(enlarged(small)[8:-8, 8:-8], target[8:-8, 8:-8], 1.0)
        found[entry.name] = (before, after)
    groups = [entry.group for entry in dataset.entries("test")]
    columns = np.array(list(found.values())).T
    named = dict(zip(("as published", "registered", "gain"), (*columns, columns[1] - columns[0]), strict=True))
    return {name: as_json(cluster_interval(values.tolist(), groups)) for name, values in named.items()}


def non_local_means(image: UnitImage, strength: float) -> UnitImage:
    """The filter of `baseline:nlm` with another strength."""
    sigma = noise_sigma(image)
    filtered: UnitImage = denoise_nl_means(
        image, patch_size=5, patch_distance=6, h=strength * sigma, sigma=sigma, fast_mode=True
    )
    return filtered


def block_matching(image: UnitImage, strength: float) -> UnitImage:
    """BM3D (Dabov et al., 2007), told the measured noise times `strength`."""
    bm3d = importlib.import_module("bm3d")
    filtered: UnitImage = bm3d.bm3d(image, strength * noise_sigma(image)).astype(np.float32)
    return filtered


def filters() -> dict[str, Filter]:
    """Return the filters that are applied before bicubic enlargement, by name."""
    known: dict[str, Filter] = {"non-local means": non_local_means}
    if importlib.util.find_spec("bm3d"):
        known["BM3D"] = block_matching
    return known


def chosen_strength(apply: Filter, dataset: Dataset) -> tuple[float, dict[str, float]]:
    """Return the strength with the best mean PSNR on validation images, and the PSNR of each strength in dB."""
    pairs = [pair_of(dataset, entry) for entry in dataset.entries("val")[::_EVERY]]
    means = {
        strength: float(np.mean([_scores(enlarged(apply(low, strength)), high)["psnr_db"] for low, high in pairs]))
        for strength in STRENGTHS
    }
    return max(means, key=means.__getitem__), {str(strength): value for strength, value in means.items()}


def scored(method: Callable[[UnitImage], UnitImage], dataset: Dataset) -> Rows:
    """Score a method from (h, w) to (2 h, 2 w) on every test image."""
    rows = {}
    for entry in dataset.entries("test"):
        small, target = pair_of(dataset, entry)
        rows[entry.name] = _scores(method(small), target)
    return rows


def baselines(dataset: Dataset, known: dict[str, Any]) -> dict[str, Any]:
    """Score interpolation and the filters before it, unless they are in `known`."""
    if "bicubic" not in known:
        known["bicubic"] = {"rows": scored(enlarged, dataset)}
    for name, apply in filters().items():
        label = f"{name}, bicubic"
        if label not in known:
            strength, tried = chosen_strength(apply, dataset)
            rows = scored(lambda low, apply=apply, strength=strength: enlarged(apply(low, strength)), dataset)  # type: ignore[misc]
            known[label] = {"strength": strength, "validation_psnr_db": tried, "rows": rows}
    return known


def networks(runs: dict[str, Any], dataset: Dataset, known: dict[str, Any]) -> dict[str, Any]:
    """Score the finished runs that are not scored yet."""
    from pipelines.model_ref import RunRef
    from pipelines.models import resolve_model

    for label, run in runs.items():
        if label not in known:
            predictor = Predictor(resolve_model(RunRef(run["run_id"])).model, "cpu")
            known[label] = {"rows": scored(lambda low, p=predictor: p.predict_unit(low[None])[0], dataset)}  # type: ignore[misc]
    return known


def _scores(output: UnitImage, target: UnitImage) -> dict[str, float]:
    inner = np.s_[SCALE:-SCALE, SCALE:-SCALE]
    first, second = (np.clip(image, 0, 1)[inner] for image in (output, target))
    return {name: float(compute(first, second, 1.0)) for name, compute in METRICS.items()}


def pair_of(dataset: Dataset, entry: Entry) -> tuple[UnitImage, UnitImage]:
    """Return input (h, w) and target (2 h, 2 w) of a registered pair."""
    return dataset.unit(entry, "input")[0], dataset.unit(entry, "target")[0]


def enlarged(image: UnitImage) -> UnitImage:
    """Enlarge (h, w) twice by bicubic interpolation."""
    result: UnitImage = upsample(torch.from_numpy(np.asarray(image, np.float32))[None, None], SCALE)[0, 0].numpy()
    return result


def read() -> dict[str, Any]:
    """Read what is stored, with the scores of each method under `rows`, by image; empty if nothing is."""
    content: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    images = content.pop("images", [])
    for method in content.get("methods", {}).values():
        columns = method.pop("columns")
        method["rows"] = {
            image: dict(zip(columns, values, strict=True))
            for image, values in zip(images, zip(*columns.values(), strict=True), strict=True)
        }
    return content


def write(content: dict[str, Any]) -> None:
    """Store everything: scores in one list for each method and metric, to six significant digits."""
    methods: dict[str, Any] = content["methods"]
    images = list(next(iter(methods.values()))["rows"])
    tables = {}
    for name, method in methods.items():
        columns = {metric: [_rounded(method["rows"][image][metric]) for image in images] for metric in METRICS}
        tables[name] = {**{key: value for key, value in method.items() if key != "rows"}, "columns": columns}
    text = json.dumps({**content, "images": images, "methods": tables}, indent=1)
    # A list of numbers on one line: most of the file would be line ends and indentation.
    RESULT.write_text(re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n")


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _percentiles(values: Sequence[float]) -> list[float]:
    return [round(float(value), 3) for value in np.percentile(values, (5, 25, 50, 75, 95))]


def main() -> None:
    """Prepare, train what is missing, and score what is not scored yet."""
    chosen = options(__doc__)
    dataset = prepare(chosen.data, chosen.home)
    table = Table(RUNS, "super-resolution-real-x2", SAME)
    content = read()
    if "registration" not in content:
        content["registration"] = {
            **registration(dataset),
            "bicubic_db": unregistered_gain(dataset, chosen.data),
        }
    table.run(JOBS, chosen.jobs, chosen.only)
    methods = networks(table.known, dataset, baselines(dataset, content.get("methods", {})))
    rows = {label: found["rows"] for label, found in methods.items()}
    groups = {entry.name: entry.group for entry in dataset.entries("test")}
    scores = Scores(rows, list(VARIANTS), groups, list(METRICS))
    contrasts = scores.contrasts(CONTRASTS, COMPARED)
    content |= {"summary": scores.summary(COMPARED), "contrasts": contrasts, "methods": methods}
    write(content)


if __name__ == "__main__":
    main()

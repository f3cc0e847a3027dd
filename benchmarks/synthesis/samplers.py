"""Images drawn after the masks of real test images by one trained network, with the old and with the new sampler.

    python -m benchmarks.synthesis.samplers --data FOLDER [--home FOLDER] [--pictures FOLDER]

`ddpm-masks-small` is trained on the axon fields of `table.py` for fewer steps than there. Both samplers then begin with
the same noise and are given the same masks, the centres of the test images. Beside them are the mean grey of each
class, and real images: those of the validation split in place of the drawn one, for the scores that do not depend on
positions. Writes `samplers.json` after each image and goes on where it stopped; an hour on one core, of which the
training takes half.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.runner import Job, Table, options
from benchmarks.synthesis.ddim import by_ddim
from benchmarks.synthesis.sets import AXONS, prepare
from pipelines.model_ref import RunRef
from pipelines.models import resolve_model
from pipelines.predict.sampling import resampled
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.manifest import Entry
from sem_models.evaluation.baselines.label_maps import class_means
from sem_models.evaluation.label_maps import synthesis_benchmark
from sem_models.evaluation.metrics.texture import TEXTURE_SCORES
from sem_models.evaluation.scorer import DATA_RANGE, Case, Scorer
from sem_models.images.intensity import UnitImage
from sem_models.inference.diffusion.model import DiffusionModel, as_diffusion
from sem_models.inference.diffusion.noise_field import noise_field
from sem_models.inference.diffusion.noise_schedule import unit
from sem_models.inference.diffusion.solver import decode
from sem_models.inference.tiling.tiles import padded

HERE = Path(__file__).resolve().parent
RESULT = HERE / "samplers.json"
JOB = Job(
    f"{AXONS}: ddpm-masks-small",
    "ddpm-masks-small",
    AXONS,
    changes=("train.steps=800", "train.validate_every=400", "train.checkpoint_every=200"),
    inputs=(),
)
OLD, NEW = "DDIM, uniform in time", "DPM-Solver++ 2M, uniform in log-SNR"
SHORT = {OLD: "ddim", NEW: "dpm"}
USED = ((OLD, 50), (NEW, 25), (OLD, 25), (NEW, 50))
"""Samplers and steps: first the default of version 0.1 and the present one, then each with the steps of the other."""
SEEDS = (0, 1)
"""Of the noise."""
SIZE_PX = 256
GIVEN = ("psnr_db", "lpips_alex", *TEXTURE_SCORES)
WITHIN = "within_classes_ratio"
Row = dict[str, Any]
Made = tuple[UnitImage, float]


def main() -> None:
    """Train, draw and score what is missing."""
    chosen = options(__doc__)
    prepare(chosen.data, chosen.home, [AXONS])
    table = Table(HERE / "samplers_runs.json", "samplers", ())
    table.run([JOB], 1, None)
    run_id = str(table.known[JOB.label]["run_id"])
    dataset = open_dataset(chosen.home / "datasets" / AXONS)
    model = as_diffusion(resolve_model(RunRef(run_id)).model)
    found = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    rows: list[Row] = found["rows"] if found.get("run_id") == run_id else references(dataset, model)
    for row in drawn_rows(dataset, model, rows, chosen.pictures):
        rows.append(row)
        content = {"run_id": run_id, "digest": dataset.digest, "settings": list(JOB.changes), "rows": rows}
        RESULT.write_text(json.dumps(content, indent=1) + "\n")
        print(row["image"], row["method"], row["seed"], f"{row['seconds']:.0f} s", flush=True)


def drawn_rows(dataset: Dataset, model: DiffusionModel, rows: Sequence[Row], pictures: Path | None) -> Iterator[Row]:
    """Scores of each image that is not yet in the rows."""
    cases = {entry.name: case for entry, case in _cases(dataset, model, "test")}
    known = {(row["method"], row["seed"], row["image"]) for row in rows}
    for seed, (sampler, steps), name in product(SEEDS, USED, cases):
        method = f"{sampler}, {steps} steps"
        if (method, seed, name) in known:
            continue
        image, seconds = draw(model, cases[name].input, sampler, steps, seed)
        if pictures:
            _save(image, pictures / f"{Path(name).stem}-{SHORT[sampler]}-{steps}-{seed}.png")
        yield {"method": method, "seed": seed, "image": name, "seconds": seconds, **scores(image, cases[name])}


def _cases(dataset: Dataset, model: DiffusionModel, split: Literal["val", "test"]) -> Iterator[tuple[Entry, Case]]:
    """The centre of each mask and image."""
    benchmark = synthesis_benchmark(dataset, model.recipe.labels, Degradation(scale=1))
    for entry in dataset.entries(split):
        case = benchmark.case_of(entry)
        rows, columns = (slice((edge - SIZE_PX) // 2, (edge + SIZE_PX) // 2) for edge in case.target.shape[1:])
        yield entry, replace(case, input=case.input[:, rows, columns], target=case.target[:, rows, columns])


@torch.inference_mode()
def draw(model: DiffusionModel, mask: UnitImage, sampler: str, steps: int, seed: int) -> Made:
    """Draw (1, H, W) after a (K, H, W) one-hot mask; returns it in unit intensity, and the seconds that it took."""
    start = time.monotonic()
    condition = padded(mask, model.capabilities.size_multiple)
    size = (condition.shape[1], condition.shape[2])
    noisy = noise_field(size, model.capabilities.channels_out, (seed, 0, 0))[None]
    asked = as_diffusion(resampled(model, [f"diffusion.sampling.steps={steps}"]))
    predict = asked.tiled.given(torch.from_numpy(condition)[None])
    if sampler == OLD:
        drawn = by_ddim(predict, asked.settings, noisy, steps, clip=True)
    else:
        drawn = decode(predict, asked.settings, noisy)
    image: UnitImage = unit(drawn)[0, :, : mask.shape[1], : mask.shape[2]].numpy()
    return image, round(time.monotonic() - start, 1)


def references(dataset: Dataset, model: DiffusionModel) -> list[Row]:
    """Scores of the mean grey of each class, and of real images in place of the drawn ones."""
    flat, rows = class_means(dataset), []
    others = [case for _, case in _cases(dataset, model, "val")]
    for entry, case in _cases(dataset, model, "test"):
        image = flat(torch.from_numpy(case.input)[None])[0].numpy()
        rows.append({"method": flat.name, "seed": 0, "image": entry.name, **scores(image, case)})
        for index, other in enumerate(others):
            real = _texture(other.target, other.input, case)
            rows.append({"method": "another real image", "seed": index, "image": entry.name, **real})
    return rows


def scores(image: UnitImage, case: Case) -> Row:
    """Scores of a drawn (1, H, W) against the real image of its mask."""
    found = Scorer()(image, case)
    return {**{name: found[name] for name in GIVEN}, WITHIN: _texture(image, case.input, case)[WITHIN]}


def _texture(image: UnitImage, mask: UnitImage, case: Case) -> Row:
    """Scores that do not depend on positions; `image` may have a mask, and a size, of its own."""
    clipped = np.clip(image[0], 0, DATA_RANGE)
    found = {name: score(clipped, case.target[0], DATA_RANGE) for name, score in TEXTURE_SCORES.items()}
    return {**found, WITHIN: within_classes(clipped, mask) / within_classes(case.target[0], case.input)}


def within_classes(image: NDArray[np.float32], mask: UnitImage) -> float:
    """Standard deviation of (H, W) from the mean of each class of a (K, H, W) one-hot mask.

    Unlike the standard deviation of the whole image it is not met by the right mean of each class.
    """
    left = image.astype(np.float64)
    for one in mask.astype(bool):
        left[one] -= left[one].mean() if one.any() else 0.0
    return float(left.std())


def _save(image: UnitImage, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.uint8(np.round(image[0] * 255))).save(path)


if __name__ == "__main__":
    main()

"""The posterior mean on the sets of `table.py`: what combining prediction and recorded pixels adds.

    python -m benchmarks.denoising.posterior --data FOLDER [--home FOLDER] [--jobs N] [--only LABEL ...]

Trains Noise2Void, with masks along the line under streaks, and a blind-spot network with three seeds each (finished
ones are kept in `posterior_runs.json`), fits the posterior mean on noisy validation images with their measured noise,
and scores predictions, posterior means and two filters on the centre of each test image, 384 px square. Writes
`posterior.json`, where intervals of one run are over specimens and those of all seeds over seeds and specimens.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.denoising.table import BLIND, EXPERIMENT, LINES, SAME, STREAKS, WHITE
from benchmarks.pools import FOUR, set_of
from benchmarks.runner import Job, Table, options, prepare
from sem_models.config.overrides import override
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.baselines.filters import non_local_means, total_variation
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.scorer import DATA_RANGE
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval, seeds_interval
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import RestorationModel
from sem_models.methods.table import find_method

HERE = Path(__file__).resolve().parent
RUNS, RESULT = HERE / "posterior_runs.json", HERE / "posterior.json"
SEEDS, PLAIN = 3, "Noise2Void"
MASKED, STREAKED = (tuple(f"{noise}: seed {seed}" for seed in range(SEEDS)) for noise in ("white", "streaks"))
TOGETHER = {"white: all seeds": MASKED, "streaks: all seeds": STREAKED}
NETWORK = "blind-denoise-small"
SHORT = ("train.batch=4", "train.patch=64", "train.steps=750")
"""Half of the steps of the preset, which minutes on one core allow."""
JOBS = (
    *(Job(label, BLIND, FOUR.dataset, seed, WHITE, inputs=()) for seed, label in enumerate(MASKED)),
    *(Job(label, LINES, FOUR.dataset, seed, STREAKS, inputs=()) for seed, label in enumerate(STREAKED)),
    *(
        Job(f"white: blind network, seed {seed}", NETWORK, FOUR.dataset, seed, (*WHITE, *SHORT), inputs=())
        for seed in range(SEEDS)
    ),
)
_EDGE_PX, _BORDER_PX = 384, 1


def scored(model: RestorationModel, dataset: Dataset) -> dict[str, dict[str, Any]]:
    """PSNR in dB of each method on each test image, with its specimen."""
    fused = model.recipe.blind_spot and override(model.recipe, ["blind_spot.estimate=posterior-mean"])
    calibration = find_method(model.recipe).calibration(fused or model.recipe, dataset)
    if calibration is None:
        raise TypeError(f"{model.name} has no posterior mean")
    posterior, warning = calibration(model.prediction)
    if posterior is None:
        raise RuntimeError(warning)
    whole, found = replace(model, posterior=posterior), {}
    for entry in dataset.entries("test"):
        case = make_case(dataset, entry, model.recipe.degradation, 1)
        noisy, clean = _centre(case.input), _centre(case.target)[0]
        outputs = {
            "prediction": _whole(model.prediction, noisy),
            "posterior mean": _whole(whole, noisy),
            "non-local means": non_local_means(noisy[0]),
            "total variation": total_variation(noisy[0]),
        }
        inner = np.s_[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX]
        scores = {
            name: psnr_db(np.clip(output, 0, 1)[inner], np.clip(clean, 0, 1)[inner], DATA_RANGE)
            for name, output in outputs.items()
        }
        found[entry.name] = {"group": entry.group, **scores}
        print(entry.name, {name: round(value, 2) for name, value in scores.items()}, flush=True)
    return found


@torch.inference_mode()
def _whole(model: RestorationModel, image: UnitImage) -> UnitImage:
    """Return the (H, W) output for a (1, H, W) image whose size the network takes, in one tile."""
    output: UnitImage = model(torch.from_numpy(image)[None])[0, 0].numpy()
    return output


def _centre(image: UnitImage) -> UnitImage:
    top, left = ((size - _EDGE_PX) // 2 for size in image.shape[1:])
    return np.ascontiguousarray(image[:, top : top + _EDGE_PX, left : left + _EDGE_PX])


def summary(images: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Means in dB, and gains of the posterior mean with intervals over specimens, in total and by set."""
    rows = list(images.items())
    names = [name for name in rows[0][1] if name != "group"]
    means = {name: float(np.mean([row[name] for _, row in rows])) for name in names}
    parts = {"all": rows} | {part: [row for row in rows if set_of(row[0]) == part] for part in FOUR.sets}
    gains = {
        over: {
            part: _interval([row["posterior mean"] - row[over] for _, row in those], [row["group"] for _, row in those])
            for part, those in parts.items()
        }
        for over in names
        if over != "posterior mean"
    }
    return {"psnr_db": means, "gain_db": gains}


def over_seeds(runs: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Means in dB over several seeds, and gains of the posterior mean with intervals over seeds and specimens."""
    images = list(runs[0])
    parts = {"all": images} | {part: [image for image in images if set_of(image) == part] for part in FOUR.sets}
    names = [name for name in runs[0][images[0]] if name not in ("group", PLAIN)]

    def scores(name: str, those: list[str]) -> list[list[float]]:
        return [[run[image][name] for image in those] for run in runs]

    gains = {
        over: {
            part: _plain(
                seeds_interval(
                    scores("posterior mean", those),
                    scores(over, those)[: None if over == "prediction" else 1],
                    [runs[0][image]["group"] for image in those],
                )
            )
            for part, those in parts.items()
        }
        for over in names
        if over != "posterior mean"
    }
    return {"psnr_db": {name: float(np.mean(scores(name, images))) for name in names}, "gain_db": gains}


def _interval(values: list[float], groups: list[str]) -> dict[str, float | None]:
    return _plain(cluster_interval(values, groups))


def _plain(found: Interval) -> dict[str, float | None]:
    lo, hi = (None if np.isnan(limit) else float(limit) for limit in (found.lo, found.hi))
    return {"mean": float(found.mean), "lo": lo, "hi": hi}


def main() -> None:
    """Train what is missing, then score every finished seed."""
    chosen = options(__doc__)
    prepare(FOUR, chosen.data, chosen.home)
    table = Table(RUNS, EXPERIMENT, SAME)
    table.run(JOBS, chosen.jobs, chosen.only)
    from pipelines.model_ref import RunRef
    from pipelines.models import resolve_model

    dataset = open_dataset(chosen.home / "datasets" / FOUR.dataset)
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for label, job in table.known.items():
        if label not in known:
            model = resolve_model(RunRef(job["run_id"])).model
            if not isinstance(model, RestorationModel):
                raise TypeError(f"{label} is no trained model")
            images = scored(model, dataset)
            masked = known.get(f"white: seed {job['seed']}")
            if job["recipe"] == NETWORK and masked:
                for name, row in images.items():
                    row[PLAIN] = masked["images"][name]["prediction"]
            known[label] = {**summary(images), "images": images}
            RESULT.write_text(json.dumps(known, indent=1) + "\n")
    for name, labels in TOGETHER.items():
        if all(label in known for label in labels):
            known[name] = over_seeds([known[label]["images"] for label in labels])
        RESULT.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()

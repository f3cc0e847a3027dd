"""What `starter:sr-x2` gains on real fast scans, and loses elsewhere, if it goes on learning from real pairs.

    python -m benchmarks.starters.real_pairs --data FOLDER [--home FOLDER] [--pictures FOLDER] [--only LABEL ...]

Three fine-tunings on pairs, one half real and one half simulated, are averaged and mixed with the model (`mixing.py`).
Finished trainings are kept in `mixing_runs.json`; the chosen mixture and its test scores go to `mixing.json`.

The real pairs are the registered ones of `sem_fast_slow_pairs`, with the split by block of the table of real
super-resolution; its test blocks are left out. The simulated ones are tiles of the images of `starters`, degraded
by the forward model of the recipe and stored in 8 bit, so that the network does not forget them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runner import Job, Table, options
from benchmarks.starters import enlarge
from benchmarks.starters.mixing import REAL, Condition, best_mixture, model_with
from benchmarks.starters.scoring import centre
from benchmarks.starters.specimens import DATASET, SOURCES, prepare_specimens
from benchmarks.starters.stored import read_result, write_result
from benchmarks.super_resolution import real_track
from pipelines.model_ref import RunRef
from pipelines.models import model_folder
from sem_models.config.degradation import Degradation
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.evaluation.restoration import make_case
from sem_models.images.intensity import UnitImage
from sem_models.inference.model_folder import read_recipe
from sem_models.inference.storage import load_weights
from sem_models.starters.shelf import starter_folder
from sem_models.training.learned_inputs import simulated_input

NAME, RESULT, RUNS = "starters-real-x2", "mixing", Path(__file__).with_name("mixing_runs.json")
_STARTER, _MODEL = "sr-x2", "starter:sr-x2"
_CHANGES = ("optimiser.lr=3e-4", "schedule.warmup_steps=20", "train.steps=600", "train.validate_every=600")
JOBS = tuple(Job(f"real pairs {seed}", "starter-sr-x2", NAME, seed, _CHANGES, _MODEL, inputs=()) for seed in range(3))
Content = dict[str, Any]
_DRAWS, _TILE_PX = 8, 128
"""Tiles of each image, and their edge; as many pairs as there are real ones, of nearly the same size."""
_SPLITS: tuple[Split, ...] = ("train", "val")
_EVERY, _EDGE_PX = 2, 256
"""Of the real validation images every second decides, of the others the centres."""


def prepare_real_pairs(data: Path, home: Path, simulated: str) -> None:
    """Write the dataset into `home`, unless it exists."""
    folder = home / "datasets" / NAME
    if folder.exists():
        return
    real, pool = real_track.prepare(data, home), open_dataset(home / "datasets" / simulated)
    forward = find_recipe("starter-sr-x2").degradation
    part = folder.with_suffix(".part")
    shutil.copytree(real.folder, part, dirs_exist_ok=True)
    added = [_stored(part, *one) for split in _SPLITS for one in _tiles(pool, split, forward)]
    kept = [entry for entry in real.manifest.entries if entry.split in _SPLITS]
    manifest = real.manifest.model_copy(update={"name": NAME, "entries": (*kept, *added)})
    (part / "manifest.json").write_text(manifest.model_dump_json(indent=1) + "\n")
    part.rename(folder)


def _tiles(pool: Dataset, split: Split, forward: Degradation) -> Iterator[tuple[Entry, int, UnitImage, UnitImage]]:
    for entry in pool.entries(split):
        sharp = pool.unit(entry, "image")[0]
        for draw in range(_DRAWS if split == "train" else 1):
            seed = frame_seed(entry.name, f"tile {draw}")
            generator = np.random.default_rng(seed)
            top, left = (int(generator.integers(0, size - _TILE_PX + 1)) for size in sharp.shape)
            tile = np.ascontiguousarray(sharp[top : top + _TILE_PX, left : left + _TILE_PX])
            yield entry, draw, simulated_input(tile, forward, seed), tile


def _stored(folder: Path, entry: Entry, draw: int, given: UnitImage, sharp: UnitImage) -> Entry:
    stem = f"{Path(entry.name).stem}-tile-{draw}"
    arrays = []
    for role, image in (("input", given), ("target", sharp)):
        pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)[..., None]
        file = f"{stem}-{role}.npy"
        np.save(folder / file, pixels)
        own = entry.array("image")
        facts = {"role": role, "file": file, "shape": pixels.shape, "dtype": "uint8", "intensity": (0.0, 255.0)}
        arrays.append(own.model_copy(update=facts))
    return entry.model_copy(update={"name": f"{stem}.png", "arrays": tuple(arrays)})


def conditions(data: Path, home: Path, simulated: str) -> list[Condition]:
    """Return validation pairs: real ones, and images of the first training with and without noise."""
    real, pool = real_track.prepare(data, home), open_dataset(home / "datasets" / simulated)
    recorded = [entry for entry in pool.entries("val") if entry.name.startswith(tuple(SOURCES))]
    found = [Condition(REAL, [real_track.pair_of(real, entry) for entry in real.entries("val")[::_EVERY]])]
    for track in enlarge.TRACKS:
        cases = [
            make_case(pool, entry, enlarge.forward(real_track.SCALE, track), real_track.SCALE) for entry in recorded
        ]
        pairs = [(centre(c.input[0], _EDGE_PX // real_track.SCALE), centre(c.target[0], _EDGE_PX)) for c in cases]
        found.append(Condition(track, pairs))
    return found


def summaries(before: Content, after: Content) -> Content:
    """Shorten scores of the model on the shelf and of the mixture to what the page of results shows."""
    return {"before": _short(before), "mixed": _short(after)}


def _short(found: Content) -> Content:
    cases = {**found["simulated"], REAL: found[REAL]}
    means = {case: one["means"][_MODEL] for case, one in cases.items()}
    scores = {case: {metric: score["mean"] for metric, score in of.items()} for case, of in means.items()}
    over = {name: gains["psnr_db"] for name, gains in found[REAL]["gains"].items()}
    return {"means": scores, "real_gains_db": over, "harm": found["harm"]}


def main() -> None:
    """Train what is missing, choose the mixture on validation images and score it on test images."""
    chosen = options(__doc__)
    prepare_specimens(chosen.data, chosen.home)
    prepare_real_pairs(chosen.data, chosen.home, DATASET)
    table = Table(RUNS, "starters", ())
    table.run(JOBS, chosen.jobs, chosen.only)
    tunings = []
    for job in JOBS:
        with model_folder(RunRef(str(table.known[job.label]["run_id"]))) as folder:
            tunings.append(load_weights(folder))
    shelf = starter_folder(_STARTER)
    recipe = read_recipe(shelf)
    found = best_mixture(recipe, load_weights(shelf), tunings, conditions(chosen.data, chosen.home, DATASET))
    model = enlarge.Enlarging(_STARTER, real_track.SCALE, model_with(recipe, found.weights))
    after = enlarge.summary(enlarge.scored(model, chosen.data, chosen.home, chosen.pictures), model.name)
    tried = {f"{share:g}": means for share, means in found.tried.items()}
    test = summaries(read_result(_STARTER)["summary"], after)
    write_result(RESULT, {"share": found.share, "validation_psnr_db": tried, "test": test})


if __name__ == "__main__":
    main()

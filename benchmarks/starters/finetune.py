"""What a few minutes of training on noisy images alone make of a starter model, on real images that were held out.

    python -m benchmarks.starters.finetune --data FOLDER [--home FOLDER] [--pictures FOLDER] [--only LABEL ...]

- Nine 16-bit annular dark-field images of single atoms, very noisy, with noise along the scan lines: Noise2Void with a
  mask along the line, from `starter:denoise-stem` and from nothing. Each seed holds out another third of the images.
- Two fields of a transmission microscope, 16 bit, two frames of each: Noise2Noise on one field, from `starter:denoise`
  and from nothing, three seeds. The other field is held out.

Finished trainings are kept in `finetune_runs.json`, finished measurements in `finetune.json`. Steps are counted, not
minutes, so that the result does not depend on what else the machine does.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.denoising.real_atoms import detected, labelled_images
from benchmarks.runner import Job, Table, command, options
from benchmarks.starters.scoring import save_strip
from pipelines.model_ref import RunRef, StarterRef
from pipelines.models import resolve_model
from sem_models.config.method_settings import BlindSpot
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.sampling.fixed_noise import frame_seed
from sem_models.evaluation.baselines.filters import non_local_means, total_variation
from sem_models.evaluation.metrics.two_frames import two_frame_psnr_db
from sem_models.evaluation.statistics.intervals import cluster_interval
from sem_models.images.intensity import UnitImage
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.methods.blind_mask import at, draw_places, hide, stretches
from sem_models.validation.without_reference import two_frames

RUNS: Final = Path(__file__).with_name("finetune_runs.json")
RESULT: Final = Path(__file__).with_name("finetune.json")
SEEDS: Final = (0, 1, 2)
TUNED, SCRATCH, BEFORE = "fine-tuned", "from scratch", "starter"
NLM, TV, NONE = "non-local means", "total variation", "recorded"
FILTERS: Final = {NLM: non_local_means, TV: total_variation}
_GENTLE: Final = ("optimiser.lr=3e-4", "schedule.warmup_steps=20")
"""Settings of a training that goes on from a starter model: what it has learned is not to be thrown away."""
Restore = Callable[[UnitImage], UnitImage]
Content = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """Noisy images of one kind, and how a network learns from them."""

    name: str
    starter: str
    recipe: str
    steps: Mapping[str, int]
    """By arm: from scratch more, since a step of the smaller network takes less time."""
    folds: bool = False
    """Whether each seed holds out other images."""

    def dataset(self, seed: int) -> str:
        """Name of the dataset that a seed learns from."""
        return f"finetune-{self.name}-{seed}" if self.folds else f"finetune-{self.name}"

    def label(self, arm: str, seed: int) -> str:
        """Name of a training."""
        return f"{self.name}, {arm}, seed {seed}"

    def trained(self, known: Mapping[str, Any]) -> list[str]:
        """List the arms of which all seeds have been trained."""
        return [arm for arm in self.steps if all(self.label(arm, seed) in known for seed in SEEDS)]

    def jobs(self) -> Iterator[Job]:
        """List the trainings."""
        for arm, steps in self.steps.items():
            for seed in SEEDS:
                start = f"starter:{self.starter}" if arm == TUNED else None
                own = (f"train.steps={steps}", f"train.validate_every={steps // 4}", "train.batch=8")
                changes = (*own, *_GENTLE) if start else own
                yield Job(self.label(arm, seed), self.recipe, self.dataset(seed), seed, changes, start, inputs=())


ATOMS: Final = Setting("atoms", "denoise-stem", "n2v-lines-denoise-small", {TUNED: 200, SCRATCH: 330}, folds=True)
FRAMES: Final = Setting("frames", "denoise", "n2n-denoise-small", {TUNED: 100, SCRATCH: 165})


def prepare_atoms(data: Path, home: Path) -> dict[int, dict[str, UnitImage]]:
    """Prepare a dataset for each seed, and return the images that it holds out."""
    images = labelled_images(data)
    files = [str(data / "haadf_single_atoms_16bit" / "images" / f"{name}.tif") for name in images]
    folds = {seed: {name: images[name] for name in list(images)[seed :: len(SEEDS)]} for seed in SEEDS}
    for seed, held_out in folds.items():
        if not (home / "datasets" / ATOMS.dataset(seed)).exists():
            chosen = f"^({'|'.join(held_out)})$"
            options = ("--group-by", r"^(.+)\.tif", "--test-groups", chosen, "--databar-rows", "0")
            command("prepare", *files, "--name", ATOMS.dataset(seed), "--seed", str(seed), *options)
    return folds


def prepare_frames(data: Path, home: Path) -> tuple[UnitImage, UnitImage]:
    """Prepare one dataset for all seeds, and return both frames of the field that is held out.

    Three quarters of the other field are learned from; the network is validated on the rest of it.
    """
    name = FRAMES.dataset(0)
    if not (home / "datasets" / name).exists():
        raw = home / "raw-finetune-frames"
        _cut_frames(data, raw)
        options = ("--kind", "paired", "--target", str(raw / "0002"), "--databar-rows", "0")
        groups = ("--group-by", r"^(.+)\.tif", "--test-groups", "^heldout$", "--no-join-same-field")
        command("prepare", str(raw / "0001"), "--name", name, *options, *groups)
    dataset = open_dataset(home / "datasets" / name)
    (entry,) = dataset.entries("test")
    frames = two_frames(dataset, entry)
    return frames.input[0], frames.target[0]


def _cut_frames(data: Path, raw: Path) -> None:
    for frame in ("0001", "0002"):
        learned, held_out = (_pixels(data, f"{field}_{frame}.tif") for field in ("train", "val"))
        rows = len(learned) * 3 // 4
        for name, pixels in {"upper": learned[:rows], "lower": learned[rows:], "heldout": held_out}.items():
            path = raw / frame / f"{name}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_micrograph(path, Micrograph(pixels, None))


def _pixels(data: Path, name: str) -> NDArray[Any]:
    return read_micrograph(data / "tem_lowdose_pairs" / name).pixels


def blind_share(name: str, image: UnitImage, restore: Restore) -> float:
    """Return how much of the variance of hidden pixels a method predicts from their surroundings.

    1 - sum (f - y)^2 / sum (y - mean)^2 over hidden stretches of (H, W), the same for every method. The recorded values
    y contain noise, which nothing can predict, so even the truth would not reach 1; differences between methods are
    differences of their squared errors against the truth, over the variance of y (Batson and Royer, ICML 2019).
    """
    settings = find_recipe(ATOMS.recipe).blind_spot or BlindSpot()
    noisy = torch.from_numpy(image)[None, None]
    generator = torch.Generator().manual_seed(frame_seed(name, "blind"))
    height, width = image.shape
    places = draw_places(1, height, width, settings.box, generator)
    hidden = hide(noisy, places, settings, generator)[0, 0].numpy()
    compared = stretches(places, settings, width)
    output = torch.from_numpy(np.ascontiguousarray(restore(hidden), dtype=np.float32))[None, None]
    truth = at(noisy, compared)
    return 1 - float(torch.sum((at(output, compared) - truth) ** 2) / torch.sum((truth - truth.mean()) ** 2))


def restoring(setting: Setting, arm: str, seed: int, known: Mapping[str, Any]) -> Restore:
    """Return the starter model, or what a training made."""
    ref = StarterRef(setting.starter) if arm == BEFORE else RunRef(str(known[setting.label(arm, seed)]["run_id"]))
    predictor = Predictor(resolve_model(ref).model, "cpu")

    def restore(image: UnitImage) -> UnitImage:
        restored: UnitImage = predictor.predict_unit(image[None])[0]
        return restored

    return restore


class HeldOut:
    """Restores each image by the training that held it out."""

    def __init__(self, folds: Mapping[int, Mapping[str, UnitImage]], trained: Mapping[int, Restore]) -> None:
        self._ways = [(image, trained[seed]) for seed, images in folds.items() for image in images.values()]

    def __call__(self, image: UnitImage) -> UnitImage:
        """Restore (H, W), one of the images."""
        return next(restore for known, restore in self._ways if np.array_equal(known, image))(image)


def score_atoms(data: Path, home: Path, known: Mapping[str, Any], content: Content, pictures: Path | None) -> None:
    """Score hidden pixels of every held-out image, and the atoms that a detector finds in the outputs."""
    folds = prepare_atoms(data, home)
    names = (BEFORE, *ATOMS.trained(known))
    arms = {arm: {seed: restoring(ATOMS, arm, seed, known) for seed in SEEDS} for arm in names}
    rows = content.setdefault("blind", {})
    for seed, images in folds.items():
        for name, image in images.items():
            row = rows.setdefault(name, {"seed": seed})
            ways = FILTERS | {arm: of_arm[seed] for arm, of_arm in arms.items()}
            row |= {way: blind_share(name, image, apply) for way, apply in ways.items() if way not in row}
            print(name, {way: round(value, 4) for way, value in row.items()}, flush=True)
            keep(content)
            if pictures:
                outputs = [restore(image) for restore in ways.values()]
                save_strip(pictures / f"atoms-{name}.png", [image, *outputs], 256)
    if set(arms) - set(content.get("atoms", {})):
        ways = {"none": _unchanged, **FILTERS}
        found = detected(data, ways | {arm: HeldOut(folds, of_arm) for arm, of_arm in arms.items()})
        content["atoms"] = found["summary"]
        keep(content)


def score_frames(data: Path, home: Path, known: Mapping[str, Any], content: Content, pictures: Path | None) -> None:
    """Estimate the PSNR of the held-out field from its two frames, each of them restored once."""
    first, second = prepare_frames(data, home)
    found = content.setdefault("frames", {})
    for name, make in _ways(known):
        if name in found and not pictures:
            continue
        restore = make()
        outputs = restore(first), restore(second)
        found[name] = [two_frame_psnr_db(outputs[0], first, second), two_frame_psnr_db(outputs[1], second, first)]
        print(name, found[name], flush=True)
        keep(content)
        if pictures:
            save_strip(pictures / f"frames-{name}.png", [first, outputs[0], outputs[1]], 320)


def _ways(known: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], Restore]]]:
    """Name what the frames are restored by; models are loaded when they are asked for."""
    for name, apply in {NONE: _unchanged, **FILTERS}.items():
        yield name, partial(_itself, apply)
    yield BEFORE, partial(restoring, FRAMES, BEFORE, 0, known)
    for arm in FRAMES.trained(known):
        for seed in SEEDS:
            yield f"{arm}, seed {seed}", partial(restoring, FRAMES, arm, seed, known)


def _unchanged(image: UnitImage) -> UnitImage:
    return image


def _itself(restore: Restore) -> Restore:
    return restore


def summary(content: Content) -> Content:
    """Means over images with intervals, and gains of the fine-tuned model; the frames by arm with all seeds."""
    rows: Sequence[Mapping[str, float]] = list(content["blind"].values())
    images = list(content["blind"])
    ways = [way for way in rows[0] if way != "seed"]
    blind = {way: _interval([row[way] for row in rows], images) for way in ways}
    gains = {way: _interval([row[TUNED] - row[way] for row in rows], images) for way in ways if way != TUNED}
    frames: dict[str, list[float]] = {}
    for name, psnr_db in content["frames"].items():
        frames.setdefault(name.partition(",")[0], []).append(float(np.mean(psnr_db)))
    return {"images": len(rows), "blind": blind, "gains": gains, "atoms": content["atoms"], "frames_psnr_db": frames}


def _interval(values: Sequence[float], images: Sequence[str]) -> dict[str, float]:
    found = cluster_interval(list(values), list(images))
    return {"mean": float(found.mean), "lo": float(found.lo), "hi": float(found.hi)}


def keep(content: Content) -> None:
    """Write what is known so far."""
    RESULT.write_text(json.dumps(content, indent=1) + "\n")


def main() -> None:
    """Prepare, train what is missing, measure what is missing."""
    chosen = options(__doc__)
    prepare_atoms(chosen.data, chosen.home)
    prepare_frames(chosen.data, chosen.home)
    table = Table(RUNS, "starters-finetune", ())
    content: Content = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for setting, score in ((ATOMS, score_atoms), (FRAMES, score_frames)):
        table.run(list(setting.jobs()), chosen.jobs, chosen.only)
        score(chosen.data, chosen.home, table.known, content, chosen.pictures)
    content["summary"] = summary(content)
    keep(content)
    print(json.dumps(content["summary"], indent=1))


if __name__ == "__main__":
    main()

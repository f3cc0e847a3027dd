"""What `starter:denoise` says about its own inputs and outputs: the input check and the stated standard deviation.

    python -m benchmarks.starters.trust --data FOLDER [--home FOLDER] [--only reference doubt check coverage card]

- `reference`: measures what the specimens that it learned from look like, and puts that on the shelf beside the
  weights.
- `doubt`: trains its doubt head on them, while the network stays as it is, and puts it there as well.
- `check`: compares images of other kinds, and of SEM sets that it did not learn from, with the reference: as recorded
  and with simulated noise of 10, 50 and 200 e/px. The gains over the noisy input are those of `denoise.json`.
- `coverage`: counts how many pixels of held-out specimens lie within 1.64 standard deviations of the truth.

Writes `trust.json`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage
import torch
from scipy.stats import mannwhitneyu, spearmanr

from benchmarks.runner import options
from benchmarks.starters.denoise import DOSES, INPUT, MODEL, NAME, forward
from benchmarks.starters.denoise import RESULT as SCORES
from benchmarks.starters.foreign import NOT_FOR, SETS, ForeignImage, foreign_images, load
from benchmarks.starters.pictures import write_pictures
from benchmarks.starters.scoring import centre
from benchmarks.starters.specimens import DATASET, SOURCES, prepare_specimens
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import open_dataset
from sem_models.datasets.manifest import Entry
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.statistics.intervals import cluster_interval
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import CHECKPOINT, WEIGHTS, read_facts, read_recipe
from sem_models.inference.predictor import Predictor
from sem_models.inference.stated_doubt import with_learned_doubt
from sem_models.inference.storage import Belongings, load_weights, save_model
from sem_models.progress import Progress, silent
from sem_models.starters.card import CARD, Card
from sem_models.starters.shelf import load_starter, read_card, starter_folder
from sem_models.training.doubt import NINE_OF_TEN, learn_doubt
from sem_models.training.learned_inputs import input_reference

RESULT = Path(__file__).with_name("trust.json")
RECORDED = "as recorded"
NOTHING = Degradation(scale=1)
LEARNED_PARTS = ("reference", "doubt")
OTHER_KINDS = {
    "light microscopy": (
        "ppl_xpl_sandstone/paralelos/*",
        "ppl_xpl_sandstone/cruzados/*",
        "clem_em_fluorescence/Ch*.png",
    ),
    "label maps": (
        *("nasa_ebc_bse/masks/*", "nasa_superalloy_sem/masks/*", "vnc_sstem/stack1/labels/*"),
        *("axon_myelin_sem/derivatives/labels/sub-*/micr/*manual.png", "bam_tio2_sem_tsem_pairs/masks/*"),
    ),
}
PHOTOGRAPHS = (
    *("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "hubble_deep_field", "moon"),
    *("motorcycle_left", "page", "retina", "rocket", "text"),
)
"""Pictures that come with scikit-image."""
EVERY = {"label maps": 6, "concretions": 3, "superalloys": 2, "tissue, sections": 2}
"""Of which kind only every n-th image is looked at."""
FOREIGN = (*NOT_FOR, "tissue, sections", "TiO2, transmission", *OTHER_KINDS, "photographs")
"""Kinds of images that are no scanning electron micrographs."""
_EDGE_PX, _HARM_DB = 256, 0.3


def learn(home: Path, parts: Sequence[str] = LEARNED_PARTS, progress: Progress = silent) -> None:
    """Measure and train, and put reference and doubt head on the shelf; the network stays as it is."""
    dataset, model = open_dataset(home / "datasets" / DATASET), load_starter(NAME)
    forwards, learned, doubt = tuple(forward(dose) for dose in DOSES), model.learned, model.doubt
    if "reference" in parts:
        learned = input_reference(dataset, (NOTHING, *forwards), _is_recorded)
    if "doubt" in parts:
        doubt = learn_doubt(model, dataset, forwards, _is_recorded, progress)
    folder = starter_folder(NAME)
    save_model(folder, read_recipe(folder), load_weights(folder), belongings=Belongings(learned=learned, doubt=doubt))
    (folder / WEIGHTS).chmod(0o644)
    _note_sums(WEIGHTS)


def _is_recorded(entry: Entry) -> bool:
    return entry.name.startswith(tuple(SOURCES))


def other_kinds(data: Path) -> Iterator[ForeignImage]:
    """Yield light micrographs, label maps and photographs."""
    for kind, patterns in OTHER_KINDS.items():
        files = [path for pattern in patterns for path in sorted(data.glob(pattern)) if path.is_file()]
        for path in files[:: EVERY.get(kind, 1)]:
            yield load(kind, path)
    folder = Path(skimage.__file__).parent / "data"
    for path in sorted(path for name in PHOTOGRAPHS for path in folder.glob(f"{name}.*")):
        yield load("photographs", path)


def check(data: Path, home: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return by condition and image its group and how far it is beyond the limits."""
    reference = load_starter(NAME).learned
    if reference is None:
        raise ValueError("the model on the shelf has no reference; run that part first")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    dataset = open_dataset(home / "datasets" / DATASET)
    own = [
        (f"own {split}", ForeignImage(entry.group, entry.name, centre(dataset.unit(entry, "image")[0], 384)))
        for split in ("val", "test")
        for entry in dataset.entries(split)
        if _is_recorded(entry)
    ]
    others = [(image.set, image) for image in (*foreign_images(data, EVERY), *other_kinds(data))]
    for group, image in (*own, *others):
        for condition in (RECORDED, *map(str, DOSES)):
            given = image.recorded if condition == RECORDED else image.noisy(forward(float(condition)))
            judged = reference.check(given)
            if judged:
                row = {"group": group, "excess": round(judged.excess, 4), "reasons": judged.reasons}
                found.setdefault(condition, {})[image.name] = row
    return found


@dataclass(frozen=True)
class _Judged:
    group: str
    condition: str
    excess: float
    gain_db: float


def summary_of_check(rows: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Warnings and harm by set, and how well other kinds are told from held-out specimens."""
    judged = list(_judged(rows))
    own = [one.excess for one in judged if one.group == "own test"]
    sets = {}
    for group in dict.fromkeys(one.group for one in judged):
        mine = [one for one in judged if one.group == group]
        kind: dict[str, Any] = {"images": sum(one.condition == RECORDED for one in mine)}
        for condition in rows:
            part = [one for one in mine if one.condition == condition]
            kind[condition] = {
                "warned": sum(one.excess > 1 for one in part),
                "harmed": sum(one.gain_db < -_HARM_DB for one in part),
                "unwarned_harm": sum(one.gain_db < -_HARM_DB and one.excess <= 1 for one in part),
            }
        if group in FOREIGN:
            kind["auroc"] = round(_auroc([one.excess for one in mine], own), 3)
        sets[group] = kind
    foreign = [one.excess for one in judged if one.group in FOREIGN]
    return {"auroc": round(_auroc(foreign, own), 3), "sets": sets}


def _auroc(foreign: list[float], own: list[float]) -> float:
    """Return how often a foreign image has a larger excess than one of its own domain."""
    return float(mannwhitneyu(foreign, own).statistic) / (len(foreign) * len(own))


def _judged(rows: dict[str, dict[str, dict[str, Any]]]) -> Iterator[_Judged]:
    harm = json.loads(SCORES.read_text())["harm"]
    for condition, images in rows.items():
        for name, row in images.items():
            scores = harm.get(condition, {}).get(name)
            gain = scores[MODEL]["psnr_db"] - scores[INPUT]["psnr_db"] if scores else float("nan")
            yield _Judged(row["group"], condition, row["excess"], gain)


def coverage(home: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return by dose and test image which share of the pixels lies within 1.64 standard deviations of the truth."""
    model = load_starter(NAME)
    if model.doubt is None:
        raise ValueError("the model on the shelf has no doubt head; run that part first")
    predictor = Predictor(with_learned_doubt(model, model.doubt), "cpu", backend="torch")
    dataset = open_dataset(home / "datasets" / DATASET)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for dose in DOSES:
        for entry in dataset.entries("test"):
            case = make_case(dataset, entry, forward(dose), 1)
            noisy, clean = (centre(image[0], _EDGE_PX) for image in (case.input, case.target))
            output, deviation = predictor.predict_unit(noisy[None])
            error = np.abs(output - clean)
            found.setdefault(str(dose), {})[entry.name] = {
                "group": entry.group,
                "covered": float((error <= NINE_OF_TEN * deviation).mean()),
                "rms_error": float(np.sqrt((error**2).mean())),
                "rms_stated": float(np.sqrt((deviation**2).mean())),
                "rank_correlation": float(spearmanr(_blocks(error**2), _blocks(deviation**2)).statistic),
            }
            print(dose, entry.name, found[str(dose)][entry.name], flush=True)
    return found


def _blocks(image: np.ndarray) -> np.ndarray:
    rows, columns = (size // 8 for size in image.shape)
    means: np.ndarray = image[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).mean(axis=(1, 3)).ravel()
    return means


def summary_of_coverage(rows: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Mean coverage by dose with intervals over specimens, beside stated and true errors."""
    found = {}
    for dose, images in rows.items():
        groups = [row["group"] for row in images.values()]
        interval = cluster_interval([row["covered"] for row in images.values()], groups)
        found[dose] = {
            "images": len(images),
            "specimens": len(set(groups)),
            "covered": {"mean": interval.mean, "lo": interval.lo, "hi": interval.hi},
            "least": min(row["covered"] for row in images.values()),
            "most": max(row["covered"] for row in images.values()),
            "rms_error": float(np.mean([row["rms_error"] for row in images.values()])),
            "rms_stated": float(np.mean([row["rms_stated"] for row in images.values()])),
            "rank_correlation": float(np.mean([row["rank_correlation"] for row in images.values()])),
        }
    return found


def on_card() -> dict[str, Any]:
    """Return what the card says about doubt and input check, and its pictures."""
    content = json.loads(RESULT.read_text())
    told = content["coverage_summary"]
    parts = [
        f"{found['covered']['mean']:.0%} [{found['covered']['lo']:.0%}, {found['covered']['hi']:.0%}] at {dose} e/px"
        for dose, found in told.items()
    ]
    some = next(iter(told.values()))
    doubt = (
        f"Of the pixels of {some['images']} images of {some['specimens']} specimens that it never saw, "
        f"{', '.join(parts)} lie within 1.64 standard deviations of the truth (95 % intervals over specimens)."
    )
    return {"doubt": doubt, "check": _check_text(content["check_summary"]), "pictures": write_pictures()}


def _check_text(found: dict[str, Any]) -> str:
    sets, doses = found["sets"], [str(dose) for dose in DOSES]

    def total(names: Iterable[str], what: str, conditions: Sequence[str]) -> int:
        return sum(sets[name][condition][what] for name in names for condition in conditions)

    sem = [name for name in SETS if name not in FOREIGN]
    rest = [name for name in SETS if name not in NOT_FOR]
    harmed, missed = total(NOT_FOR, "harmed", doses), total(NOT_FOR, "unwarned_harm", doses)
    own, others = sets["own test"], sum(sets[name]["images"] for name in sem)
    worse = total(rest, "harmed", doses)
    found_worse = worse - total(rest, "unwarned_harm", doses)
    return (
        f"The input check warned of {harmed - missed} of the {harmed} atomic and low-dose images that became worse, "
        f"and of {found_worse} of the {worse} others (of some sets every second or third image was looked at). As they "
        f"were recorded, it warned of {own[RECORDED]['warned']} of {own['images']} held-out images of its own sets and "
        f"of {total(sem, 'warned', [RECORDED])} of {others} scanning micrographs of others. It tells images of other "
        f"kinds from held-out ones of its own with an AUROC of {found['auroc']:.2f}."
    )


def measure(data: Path, home: Path, only: list[str] | None = None) -> None:
    """Do everything but `card`, or only some parts."""
    torch.set_num_threads(1)
    content: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    if parts := [part for part in LEARNED_PARTS if not only or part in only]:
        prepare_specimens(data, home)
        learn(home, parts)
    content["sha256"] = file_sha256(starter_folder(NAME) / WEIGHTS)
    if not only or "coverage" in only:
        content["coverage"] = coverage(home)
        content["coverage_summary"] = summary_of_coverage(content["coverage"])
        RESULT.write_text(json.dumps(content, indent=1) + "\n")
    if not only or "check" in only:
        content["check"] = check(data, home)
        content["check_summary"] = summary_of_check(content["check"])
        RESULT.write_text(json.dumps(content, indent=1) + "\n")
    if only and "card" in only:
        write_card(read_card(NAME).model_copy(update=on_card()))


def write_card(card: Card) -> None:
    """Replace the card on the shelf, and its checksum."""
    folder = starter_folder(NAME)
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n")
    _note_sums(CARD, *(picture.file for picture in card.pictures))


def _note_sums(*files: str) -> None:
    """Write the checksums of files that have changed."""
    folder = starter_folder(NAME)
    facts = read_facts(folder)
    if facts:
        sums = facts.sha256 | {name: file_sha256(folder / name) for name in files}
        (folder / CHECKPOINT).write_text(facts.model_copy(update={"sha256": sums}).model_dump_json(indent=1) + "\n")


def main() -> None:
    """Learn and measure."""
    chosen = options(__doc__)
    measure(chosen.data, chosen.home, chosen.only)


if __name__ == "__main__":
    main()

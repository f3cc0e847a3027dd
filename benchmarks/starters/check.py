"""How well the input check of a starter model tells images of other kinds, and how often it warns in vain."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import mannwhitneyu

from benchmarks.starters.foreign import SETS
from benchmarks.starters.kinds import OTHER_KINDS, PHOTOGRAPHS, images_of_all_kinds
from benchmarks.starters.scoring import HARM_DB, Rows
from benchmarks.starters.subjects import CONDITIONS, Subject
from sem_models.datasets.dataset import open_dataset
from sem_models.images.intensity import UnitImage
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.input_check.statistics import EDGE_PX
from sem_models.starters.shelf import load_starter
from sem_models.training.learned_inputs import training_input

OWN_VALIDATION, OWN = "own val", "own test"
Checked = dict[str, dict[str, dict[str, Any]]]
"""By condition and image: its group, whether the check was chosen on it, how far it is beyond the limits, and why."""
_FOREIGN_PX = 256


def check(subject: Subject, data: Path, home: Path) -> Checked:
    """Compare held-out images of its own specimens and images of all kinds with the reference on the shelf."""
    reference = load_starter(subject.name).learned
    if reference is None:
        raise ValueError(f"{subject.model} has no reference on the shelf; run that part first")
    found: Checked = {}
    for group, chosen_on, name, given in (*_own(subject, home), *_others(subject, data)):
        for condition, image in given.items():
            if row := _row(reference, image):
                found.setdefault(condition, {})[name] = {"group": group, "chosen_on": chosen_on, **row}
    return found


def _row(reference: InputReference, image: UnitImage) -> dict[str, Any] | None:
    judged = reference.check(image)
    if judged is None:
        return None
    return {"excess": round(judged.excess, 3), "reasons": list(judged.reasons) if judged.excess > 1 else []}


_Given = tuple[str, bool, str, Mapping[str, UnitImage]]
"""Group, whether the check was chosen on it, name and the image in each condition."""


def _own(subject: Subject, home: Path) -> Iterator[_Given]:
    dataset = open_dataset(home / "datasets" / subject.dataset)
    entries = [(OWN_VALIDATION, entry) for entry in dataset.entries("val")]
    for group, entry in (*entries, *((OWN, entry) for entry in dataset.entries("test"))):
        if subject.counts(entry):
            given = {c: training_input(dataset, entry, f, 0) for c, f in subject.conditions.items()}
            yield group, False, entry.name, given


def _others(subject: Subject, data: Path) -> Iterator[_Given]:
    """Yield images of all kinds; of each kind, the check was chosen on every second."""
    edge_px = max(_FOREIGN_PX, EDGE_PX * subject.scale if subject.scale > 1 else 0)
    seen: dict[str, int] = {}
    for image in images_of_all_kinds(data, edge_px):
        # Kinds begin in turns with either half, because some have a single image.
        chosen_on = bool(seen.setdefault(image.set, len(seen)) % 2)
        seen[image.set] += 1
        yield image.set, chosen_on, image.name, {c: image.noisy(f) for c, f in subject.conditions.items()}


@dataclass(frozen=True)
class _Judged:
    group: str
    chosen_on: bool
    condition: str
    excess: float
    gain_db: float


def summary_of_check(subject: Subject, rows: Checked) -> dict[str, Any]:
    """Warnings and harm by set, and how well other kinds are told from held-out specimens, on the other halves."""
    every = list(_judged(subject, rows))
    judged = [one for one in every if not one.chosen_on]
    own = [one.excess for one in judged if one.group == OWN]
    foreign = foreign_kinds(subject)
    sets: dict[str, Any] = {}
    for group in dict.fromkeys(one.group for one in judged):
        mine = [one for one in judged if one.group == group]
        sets[group] = _of_set(mine)
        if group in foreign:
            sets[group]["auroc"] = _auroc([one.excess for one in mine], own)
    reported, first = (
        [o.excess for o in every if o.group in foreign and o.chosen_on is part] for part in (False, True)
    )
    return {"auroc": _auroc(reported, own), "auroc_chosen_on": _auroc(first, own), "sets": sets}


def _of_set(mine: list[_Judged]) -> dict[str, Any]:
    conditions = dict.fromkeys(one.condition for one in mine)
    found: dict[str, Any] = {"images": len(mine) // len(conditions)}
    for condition in conditions:
        part = [one for one in mine if one.condition == condition]
        found[condition] = {
            "warned": sum(one.excess > 1 for one in part),
            "harmed": sum(one.gain_db < -HARM_DB for one in part),
            "unwarned_harm": sum(one.gain_db < -HARM_DB and one.excess <= 1 for one in part),
        }
    return found


def foreign_kinds(subject: Subject) -> tuple[str, ...]:
    """Return the kinds of images that a model is not for."""
    return tuple(kind for kind in (*SETS, *OTHER_KINDS, PHOTOGRAPHS) if kind not in subject.others)


def _auroc(foreign: list[float], own: list[float]) -> float:
    """Return how often a foreign image has a larger excess than one of its own domain."""
    return round(float(mannwhitneyu(foreign, own).statistic) / (len(foreign) * len(own)), 3)


def _judged(subject: Subject, rows: Checked) -> Iterator[_Judged]:
    harm: dict[str, Rows] = subject.harm()
    for condition, images in rows.items():
        for name, row in images.items():
            scores = harm.get(condition, {}).get(name)
            gain = scores[subject.model]["psnr_db"] - scores[subject.untouched]["psnr_db"] if scores else float("nan")
            yield _Judged(row["group"], row["chosen_on"], condition, row["excess"], gain)


def check_text(subject: Subject, found: dict[str, Any]) -> str:
    """Say it for a card."""
    sets = found["sets"]
    first = next(iter(subject.conditions))

    def total(names: Iterable[str], what: str) -> int:
        return sum(sets[name][c][what] for name in names if name in sets for c in subject.conditions)

    foreign = [kind for kind in foreign_kinds(subject) if kind in SETS]
    worse, missed = (total((*foreign, *subject.others), what) for what in ("harmed", "unwarned_harm"))
    own, others = sets[OWN], [sets[name] for name in subject.others if name in sets]
    return (
        f"On the half of the foreign images that it was not chosen on, the input check warned of {worse - missed} of "
        f"the {worse} that became worse by more than {HARM_DB} dB. {CONDITIONS.get(first, first).capitalize()}, it "
        f"warned of {own[first]['warned']} of {own['images']} held-out images of its own sets and of "
        f"{sum(one[first]['warned'] for one in others)} of {sum(one['images'] for one in others)} images of its kind "
        f"from other sets. It tells images of other kinds from held-out ones of its own with an AUROC of "
        f"{found['auroc']:.2f}."
    )

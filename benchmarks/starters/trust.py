"""What starter models say about their own inputs and outputs: the input check and the stated standard deviation.

    python -m benchmarks.starters.trust --data FOLDER [--home FOLDER] [--only NAME ... PART ...]

The parts, for each model:

- `reference`: measures what the specimens that it learned from look like, and puts that on the shelf beside the
  weights.
- `doubt`: trains its doubt head on them, while the network stays as it is, and puts it there as well.
- `check`: compares images of other kinds, and of sets of its own kind that it did not learn from, with the reference,
  degraded as its inputs are (`check.py`). The gains are those of its own results.
- `coverage`: counts how many pixels of held-out specimens lie within 1.64 standard deviations of the truth.
- `card`: writes all that on the card, and pictures beside it.

Writes `trust.json`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.runner import options
from benchmarks.starters.check import check, check_text, summary_of_check
from benchmarks.starters.coverage import coverage, doubt_text, summary_of_coverage
from benchmarks.starters.pictures import write_pictures
from benchmarks.starters.specimens import prepare_specimens, prepare_stem
from benchmarks.starters.stored import NETWORK, network_sha256, read_result, write_result
from benchmarks.starters.subjects import SUBJECTS, Subject
from sem_models.datasets.dataset import open_dataset
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import CHECKPOINT, WEIGHTS, read_facts, read_recipe
from sem_models.inference.storage import Belongings, load_weights, save_model
from sem_models.progress import Progress, silent
from sem_models.starters.card import CARD, Card
from sem_models.starters.shelf import load_starter, read_card, starter_folder
from sem_models.training.doubt import learn_doubt
from sem_models.training.learned_inputs import input_reference

RESULT = "trust"
LEARNED_PARTS = ("reference", "doubt")
MEASURED_PARTS = ("check", "coverage")
PARTS = (*LEARNED_PARTS, *MEASURED_PARTS, "card")


def subject_of(name: str) -> Subject:
    """Return what belongs to a starter model."""
    return next(subject for subject in SUBJECTS if subject.name == name)


def learn(subject: Subject, home: Path, parts: Sequence[str] = LEARNED_PARTS, progress: Progress = silent) -> None:
    """Measure and train, and put reference and doubt head on the shelf; the network stays as it is."""
    torch.set_num_threads(1)
    dataset, folder = open_dataset(home / "datasets" / subject.dataset), starter_folder(subject.name)
    learned = doubt = None
    if "reference" in parts:
        learned = input_reference(dataset, subject.forwards, subject.counts)
    if "doubt" in parts and subject.has_doubt:
        forwards = tuple(subject.noisy.values())
        doubt = learn_doubt(load_starter(subject.name), dataset, forwards, subject.counts, progress)
    known = load_starter(subject.name)
    # The note of a starter model comes from its card.
    kept = replace(Belongings.of(known), note="")
    belongings = replace(kept, learned=learned or known.learned, doubt=doubt or known.doubt)
    save_model(folder, read_recipe(folder), load_weights(folder), belongings=belongings)
    (folder / WEIGHTS).chmod(0o644)
    _note_sums(subject.name, WEIGHTS)


def measure(subject: Subject, data: Path, home: Path, parts: Sequence[str] = MEASURED_PARTS) -> None:
    """Measure input check and standard deviation of the model on the shelf, and store that."""
    torch.set_num_threads(1)
    content: dict[str, Any] = read_result(RESULT).get(subject.name, {}) | {NETWORK: network_sha256(subject.name)}
    if "check" in parts:
        content["check"] = check(subject, data, home)
        content["check_summary"] = summary_of_check(subject, content["check"])
    if "coverage" in parts and subject.has_doubt:
        content["coverage"] = coverage(subject, home)
        content["coverage_summary"] = summary_of_coverage(content["coverage"])
    # Another process may have measured another model since.
    write_result(RESULT, read_result(RESULT) | {subject.name: content})


def on_card(subject: Subject) -> dict[str, Any]:
    """Return what the card says about doubt and input check, and its pictures."""
    content = read_result(RESULT)[subject.name]
    said = {"check": check_text(subject, content["check_summary"]), "pictures": write_pictures(subject)}
    return said | ({"doubt": doubt_text(content["coverage_summary"])} if subject.has_doubt else {})


def write_card(card: Card) -> None:
    """Replace the card on the shelf, and its checksum."""
    (starter_folder(card.name) / CARD).write_text(card.model_dump_json(indent=1) + "\n")
    _note_sums(card.name, CARD, *(picture.file for picture in card.pictures))


def _note_sums(name: str, *files: str) -> None:
    """Write the checksums of files that have changed."""
    folder = starter_folder(name)
    facts = read_facts(folder)
    if facts:
        sums = facts.sha256 | {file: file_sha256(folder / file) for file in files}
        (folder / CHECKPOINT).write_text(facts.model_copy(update={"sha256": sums}).model_dump_json(indent=1) + "\n")


def main() -> None:
    """Learn and measure."""
    chosen = options(__doc__)
    only: list[str] = chosen.only or []
    parts = [part for part in PARTS if part in only] or list(PARTS)
    names = [name for name in only if name not in PARTS]
    prepare_specimens(chosen.data, chosen.home)
    prepare_stem(chosen.home)
    for subject in SUBJECTS:
        if names and subject.name not in names:
            continue
        if any(part in parts for part in LEARNED_PARTS):
            learn(subject, chosen.home, parts)
        measure(subject, chosen.data, chosen.home, parts)
        if "card" in parts:
            write_card(read_card(subject.name).model_copy(update=on_card(subject)))


if __name__ == "__main__":
    main()

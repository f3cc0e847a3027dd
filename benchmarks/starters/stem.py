"""What `starter:denoise-stem` reaches on simulated and real atoms that it never saw, beside filters.

    python -m benchmarks.starters.stem --data FOLDER [--home FOLDER] [--pictures FOLDER]

- Simulated lattices, single atoms and phantoms of the test split, centres of 256 px, at 2, 10 and 50 e/px with read
  noise of 0.02; non-local means and total variation are told nothing, BM3D is told the noise.
- Real single atoms with positions labelled by hand: F1 of one detector after each filter (`real_atoms.py`).
- Harm: centres of 256 px of foreign images as recorded, then made noisier at 10 e/px.

Writes `denoise-stem.json`.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.denoising import real_atoms
from benchmarks.starters.foreign import NOT_FOR, foreign_images
from benchmarks.starters.methods import READ_NOISE, methods
from benchmarks.starters.scoring import (
    METRICS,
    Rows,
    card_score,
    centre,
    compared,
    count_harmed,
    harmed,
    plain_psnr,
    save_strip,
    scores,
)
from benchmarks.starters.specimens import STEM
from benchmarks.starters.starter import Measured, Restore, Words, restoring, run
from benchmarks.starters.stored import NETWORK, network_sha256, write_result
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.restoration import make_case
from sem_models.starters.card import CardScore
from sem_models.starters.shelf import load_starter

NAME, MODEL, INPUT = "denoise-stem", "starter:denoise-stem", "noisy input"
DOSES = (2, 10, 50)
HARM_DOSE, _EDGE_PX = 10, 256
WORDS = Words(
    summary="Denoiser for atomic-resolution and low-dose scans (1 to 50 e/px)",
    limits="Learned from simulated atoms; at the lowest doses an atom in the output may be noise in the input",
    suits="annular dark-field scans of lattices and single atoms, 8, 16 or 32 bit, of 1 to 50 electrons a pixel, with "
    "read noise, noise along the scan lines, line jitter up to half a pixel and banding.",
    does_not=(
        "secondary-electron images, for which starter:denoise is made",
        "phase contrast of transmission microscopes",
        "deciding whether a single faint atom is there",
        "measuring column intensities without a check on the recorded image",
    ),
    simulations="184 simulated specimens without noise, 80 lattices, 80 fields of single atoms and 24 phantoms of this "
    "program, of which 37 are kept for the test; no recorded image.",
)


def forward(dose_e_per_px: float) -> Degradation:
    """Shot noise of that dose, and read noise."""
    return Degradation(scale=1, dose_e_per_px=dose_e_per_px, read_noise=READ_NOISE)


def simulated(dataset: Dataset, restore: Restore, dose: int, pictures: Path | None) -> Rows:
    """Score all methods on the test images at one dose."""
    rows: Rows = {}
    for entry in dataset.entries("test"):
        case = make_case(dataset, entry, forward(dose), 1)
        noisy, clean = (centre(image[0], _EDGE_PX) for image in (case.input, case.target))
        outputs = {INPUT: noisy, MODEL: restore(noisy)}
        outputs |= {name: apply(noisy, float(dose)) for name, apply in methods().items()}
        rows[entry.name] = {"group": entry.group, **{name: scores(output, clean) for name, output in outputs.items()}}
        if pictures:
            save_strip(pictures / f"stem-{dose}-{entry.name}.png", [*outputs.values(), clean], _EDGE_PX)
    return rows


def labelled_atoms(data: Path, restore: Restore) -> dict[str, Any]:
    """Detect real atoms after the model, beside the filters of the table of real atoms."""
    known: dict[str, Any] = json.loads(real_atoms.RESULT.read_text())
    own = real_atoms.detected(data, {real_atoms.NONE: real_atoms.FILTERS[real_atoms.NONE], MODEL: restore})
    rows = [row for row in own["rows"] if row["filter"] == MODEL]
    return {
        "summary": known["summary"] | {MODEL: own["summary"][MODEL]},
        "rows": {row["image"]: {"group": row["image"], **row} for row in rows},
    }


def harm(data: Path, restore: Restore) -> Rows:
    """Score foreign images with more noise, by PSNR against the recorded image."""
    rows: Rows = {}
    for image in foreign_images(data):
        noisy = image.noisy(forward(HARM_DOSE))
        tried = {INPUT: noisy, MODEL: restore(noisy)}
        rows[image.name] = {"group": image.set}
        rows[image.name] |= {name: {"psnr_db": plain_psnr(output, image.recorded)} for name, output in tried.items()}
    return rows


def by_kind(rows: Rows) -> dict[str, Any]:
    """Compare apart for lattices, atoms and phantoms."""
    kinds = {name.partition("-")[0].partition("_")[0] for name in rows}
    return {
        kind: compared({n: row for n, row in rows.items() if n.startswith(kind)}, tuple(METRICS), MODEL, INPUT)
        for kind in sorted(kinds)
    }


def measure(data: Path, home: Path, pictures: Path | None) -> Measured:
    """Score the model on the shelf, store all rows and return what its card says."""
    restore = restoring(load_starter(NAME))
    dataset = open_dataset(home / "datasets" / STEM)
    rows = {str(dose): simulated(dataset, restore, dose, pictures) for dose in DOSES}
    atoms = labelled_atoms(data, restore)
    foreign = harm(data, restore)
    summary: dict[str, Any] = {
        "simulated": {dose: compared(of, tuple(METRICS), MODEL, INPUT) for dose, of in rows.items()},
        "kinds": {dose: by_kind(of) for dose, of in rows.items()},
        "labelled atoms": atoms["summary"],
        "harm": harmed(foreign, MODEL, INPUT),
    }
    content = {
        NETWORK: network_sha256(NAME),
        "summary": summary,
        "simulated": rows,
        "labelled atoms": atoms["rows"],
        "harm": foreign,
    }
    write_result(NAME, content)
    return for_card(summary)


def for_card(found: dict[str, Any]) -> Measured:
    """Choose from the summary what the card says."""
    lines: list[CardScore] = []
    for kind, title in {"lattice": "lattices", "atoms": "single atoms"}.items():
        lines += [
            card_score(f"simulated {title}, {dose} e/px", MODEL, found["kinds"][str(dose)][kind]) for dose in DOSES
        ]
    suited, not_for = ([n for n in found["harm"] if (n in NOT_FOR) == atomic] for atomic in (True, False))
    model, plain = found["labelled atoms"][MODEL], found["labelled atoms"]["none"]
    return Measured(
        tuple(lines),
        f"Real single atoms labelled by hand: a detector reaches an F1 of {model['f1']:.2f} after it and "
        f"{plain['f1']:.2f} before. At {HARM_DOSE} e/px, {count_harmed(found['harm'], suited)} recorded atomic and "
        f"low-dose images, which are noisy themselves, and {count_harmed(found['harm'], not_for)} SEM and tissue "
        "images, which it is not for, became worse by more than 0.3 dB.",
    )


if __name__ == "__main__":
    run(__doc__, measure)

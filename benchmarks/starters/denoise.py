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

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.runner import options
from benchmarks.starters.foreign import NOT_FOR, foreign_images
from benchmarks.starters.methods import BM3D, READ_NOISE, methods
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
from benchmarks.starters.starter import Measured, Restore, Words, held_out, restoring
from benchmarks.starters.stored import NETWORK, network_sha256, read_result, write_result
from benchmarks.super_resolution import real_track
from benchmarks.super_resolution.variants import VARIANTS
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.evaluation.restoration import make_case
from sem_models.starters.shelf import load_starter

NAME, MODEL, INPUT = "denoise", "starter:denoise", "noisy input"
DOSES = (10, 50, 200)
PARTS = ("simulated", "real", "harm")
WORDS = Words(
    summary="SEM denoiser for noisy scans of any instrument (2 to 100 e/px)",
    limits="Made for noisy SEM images of 2 to 100 e/px; structures weaker than the noise are smoothed away",
    suits="scanning electron micrographs, 8 or 16 bit, of 2 to 100 electrons a pixel, with read noise, noise along "
    "the scan lines, line jitter up to half a pixel, banding and inverted contrast.",
    does_not=(
        "scans of 200 e/px and more, where classical filters keep more detail",
        "counting single atoms or lattices at low dose",
        "charging, dead or saturated lines",
        "blur and enlargement",
        "measuring grey levels or noise: textures weaker than the noise are smoothed",
    ),
)
_EDGE_PX = 384
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
            row = rows.setdefault(entry.name, {"group": entry.group, INPUT: scores(noisy, clean)})
            outputs = {MODEL: restore(noisy)}
            outputs |= {name: apply(noisy, dose) for name, apply in methods().items() if name not in row or pictures}
            row |= {name: scores(output, clean) for name, output in outputs.items()}
            keep()
            print(dose, entry.name, {n: round(s["psnr_db"], 2) for n, s in row.items() if n != "group"}, flush=True)
            if pictures:
                save_strip(pictures / f"{dose}-{entry.name}.png", [noisy, outputs[BM3D], outputs[MODEL], clean])


def real_pairs(dataset: Dataset, restore: Restore, known: Rows) -> None:
    """Score real fast scans, beside the filters from the table of real super-resolution."""
    filters = real_track.read()["methods"]
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
            row |= {name: {"psnr_db": plain_psnr(output, image.recorded)} for name, output in tried.items()}
        keep()


def summary(content: dict[str, Any]) -> dict[str, Any]:
    """Means and gains over the best baseline with intervals over specimens, and how many images were harmed."""
    return {
        "simulated": {
            dose: compared(rows, tuple(METRICS), MODEL, INPUT) for dose, rows in content["simulated"].items()
        },
        "real": compared(content["real"], tuple(real_track.METRICS), MODEL, INPUT),
        "harm": {dose: harmed(rows, MODEL, INPUT) for dose, rows in content["harm"].items()},
    }


def measure(data: Path, home: Path, pictures: Path | None) -> Measured:
    """Score the model on the shelf and return what its card says."""
    return for_card(measured(data, home, pictures, PARTS))


def measured(data: Path, home: Path, pictures: Path | None, parts: Sequence[str]) -> dict[str, Any]:
    """Score some of the `PARTS`, store all rows, and return the summary, which is empty while a part is missing."""
    restore, content = restoring(load_starter(NAME)), read_result(NAME) | {NETWORK: network_sha256(NAME)}

    def keep() -> None:
        write_result(NAME, content)

    if "simulated" in parts:
        simulated(held_out(data, home), restore, content.setdefault("simulated", {}), keep, pictures)
    if "harm" in parts:
        harm(data, restore, content.setdefault("harm", {}), keep)
    if "real" in parts:
        real_pairs(real_track.prepare(data, home), restore, content.setdefault("real", {}))
    content["summary"] = summary(content) if all(part in content for part in PARTS) else {}
    keep()
    found: dict[str, Any] = content["summary"]
    return found


def for_card(found: dict[str, Any]) -> Measured:
    """Choose from the summary what the card says."""
    simulations = [card_score(f"simulated, {dose} e/px", MODEL, one) for dose, one in found["simulated"].items()]
    real = card_score("real fast scans, enlarged twice", MODEL, found["real"])
    merged = {f"{dose} {name}": one for dose, sets in found["harm"].items() for name, one in sets.items()}
    others = [name for name in merged if not name.endswith(NOT_FOR)]
    foreign = [name for name in merged if name.endswith(NOT_FOR)]
    harm = (
        f"At 10, 50 and 200 e/px, {count_harmed(merged, others)} images of sets that it did not learn from became "
        f"worse than their noisy input by more than 0.3 dB, and {count_harmed(merged, foreign)} atomic and low-dose "
        "images, which it is not for."
    )
    return Measured((*simulations, real), harm)


def main() -> None:
    """Measure the model that is on the shelf."""
    chosen = options(__doc__)
    measured(chosen.data, chosen.home, chosen.pictures, chosen.only or PARTS)


if __name__ == "__main__":
    main()

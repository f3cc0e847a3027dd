"""What `starter:sr-x2` and `starter:sr-x4` reach on images that they never saw, beside enlargement without training.

    python -m benchmarks.starters.enlarge --data FOLDER [--home FOLDER] [--pictures FOLDER] [--only sr-x2 ...]

- Centres (384 px) of the 13 test images of the training sets, nine specimens, reduced and then either left clean or
  given shot noise of 100 e/px and read noise of 0.02 of the range; beside bicubic interpolation, and beside
  non-local means, total variation and BM3D (told the noise) before it.
- sr-x2: fast scans of `sem_fast_slow_pairs`, which it did not learn from, against the registered slow scans.
- Harm: centres of 256 px of the images of foreign sets, reduced, with and without noise, against bicubic enlargement.

Writes `sr-x2.json` and `sr-x4.json`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.runner import options
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
from benchmarks.starters.starter import Measured, Words, held_out, restoring
from benchmarks.starters.stored import NETWORK, network_sha256, write_result
from benchmarks.super_resolution import real_track
from benchmarks.super_resolution.variants import VARIANTS
from sem_models.config.degradation import Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.evaluation.restoration import make_case
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import RestorationModel
from sem_models.physics.downsampling import upsample
from sem_models.starters.shelf import load_starter

DOSE, INPUT = 100.0, "bicubic"
TRACKS = {"noisy": (DOSE, READ_NOISE), "clean": (None, 0.0)}
"""Dose in e/px and read noise of the reduced images."""
_EDGE_PX, _BORDER_PX = 384, 4


def words(scale: int) -> Words:
    """Words of the card."""
    return Words(
        summary=f"SEM enlargement of noisy scans {scale} times",
        limits=f"Enlarges {scale} times and removes noise; detail finer than the recorded pixels is a guess",
        suits="scanning electron micrographs, 8 or 16 bit, of 20 electrons a pixel and more, slightly out of focus, "
        "with read noise, noise along the scan lines, line jitter up to 0.3 pixels, banding and inverted contrast.",
        does_not=(
            "lattices and single atoms",
            "charging, dead or saturated lines",
            "blur, which stays as it is",
            "measuring sizes below two recorded pixels, or counting what is as small",
        ),
    )


def forward(scale: int, track: str) -> Degradation:
    """Reduction by the scale, then the noise of a track."""
    dose, read_noise = TRACKS[track]
    return Degradation(scale=scale, dose_e_per_px=dose, read_noise=read_noise)


class Enlarging:
    """One model and its scale."""

    def __init__(self, name: str, scale: int, model: RestorationModel) -> None:
        self.name, self.scale = f"starter:{name}", scale
        self._enlarge = restoring(model)

    def __call__(self, low: UnitImage) -> UnitImage:
        """Enlarge (h, w) to (h x scale, w x scale)."""
        return self._enlarge(low)

    def bicubic(self, low: UnitImage) -> UnitImage:
        """The enlargement that needs no training."""
        high: UnitImage = upsample(torch.from_numpy(low)[None, None], self.scale)[0, 0].numpy()
        return high

    def outputs(self, low: UnitImage, noisy: bool) -> dict[str, UnitImage]:
        """Outputs of all methods by name; filters only where there is noise."""
        found = {INPUT: self.bicubic(low), self.name: self(low)}
        if noisy:
            found |= {f"{name}, bicubic": self.bicubic(apply(low, DOSE)) for name, apply in methods().items()}
        return found


def simulated(dataset: Dataset, model: Enlarging, track: str, pictures: Path | None) -> Rows:
    """Score all methods on reduced test images."""
    rows: Rows = {}
    for entry in dataset.entries("test"):
        case = make_case(dataset, entry, forward(model.scale, track), model.scale)
        low, high = centre(case.input[0], _EDGE_PX // model.scale), centre(case.target[0], _EDGE_PX)
        outputs = model.outputs(low, track == "noisy")
        rows[entry.name] = {"group": entry.group}
        rows[entry.name] |= {name: scores(output, high, _BORDER_PX) for name, output in outputs.items()}
        print(track, entry.name, {n: round(s["psnr_db"], 2) for n, s in rows[entry.name].items() if n != "group"})
        if pictures:
            best = [output for name, output in outputs.items() if name not in (INPUT, model.name)][-1:]
            shown = [outputs[INPUT], *best, outputs[model.name], high]
            save_strip(pictures / f"x{model.scale}-{track}-{entry.name}.png", shown)
    return rows


def real_pairs(dataset: Dataset, model: Enlarging) -> Rows:
    """Score real fast scans, beside the filters from the table of real super-resolution."""
    filters = real_track.read()["methods"]
    plain = {name: filters[name]["rows"] for name in filters if not name.startswith(tuple(VARIANTS))}
    every = plain | {model.name: real_track.scored(model, dataset)}
    return {
        entry.name: {"group": entry.group, **{method: rows[entry.name] for method, rows in every.items()}}
        for entry in dataset.entries("test")
    }


def harm(data: Path, model: Enlarging, track: str) -> Rows:
    """Score foreign images, reduced and enlarged again, by PSNR; the set is the group."""
    rows: Rows = {}
    for image in foreign_images(data):
        size = [length - length % model.scale for length in image.recorded.shape]
        recorded = np.ascontiguousarray(image.recorded[: size[0], : size[1]])
        low = type(image)(image.set, image.name, recorded).noisy(forward(model.scale, track))
        tried = {INPUT: model.bicubic(low), model.name: model(low)}
        rows[image.name] = {"group": image.set}
        rows[image.name] |= {name: {"psnr_db": plain_psnr(output, recorded)} for name, output in tried.items()}
    return rows


def measure(scale: int, data: Path, home: Path, pictures: Path | None) -> Measured:
    """Score the model of a scale, store all rows and return what its card says."""
    name = f"sr-x{scale}"
    model = Enlarging(name, scale, load_starter(name))
    content: dict[str, Any] = {NETWORK: network_sha256(name), **scored(model, data, home, pictures)}
    content["summary"] = found = summary(content, model.name)
    write_result(name, content)
    return for_card(found, model.name)


def scored(model: Enlarging, data: Path, home: Path, pictures: Path | None) -> dict[str, Any]:
    """Score a model on simulated test images, foreign ones and, if it enlarges twice, real fast scans."""
    pool = held_out(data, home)
    content: dict[str, Any] = {
        "simulated": {track: simulated(pool, model, track, pictures) for track in TRACKS},
        "harm": {track: harm(data, model, track) for track in TRACKS},
    }
    if model.scale == real_track.SCALE:
        content["real"] = real_pairs(real_track.prepare(data, home), model)
    return content


def summary(content: dict[str, Any], model: str) -> dict[str, Any]:
    """Means, gains and harm; bicubic interpolation counts among the other methods."""
    found = {
        "simulated": {t: compared(rows, tuple(METRICS), model, "") for t, rows in content["simulated"].items()},
        "harm": {track: harmed(rows, model, INPUT) for track, rows in content["harm"].items()},
    }
    if "real" in content:
        found["real"] = compared(content["real"], tuple(real_track.METRICS), model, "")
    return found


def for_card(found: dict[str, Any], model: str) -> Measured:
    """Choose from the summary what the card says."""
    labels = {"noisy": f"simulated, {DOSE:g} e/px", "clean": "simulated, no noise"}
    lines = [card_score(labels[track], model, one) for track, one in found["simulated"].items()]
    if "real" in found:
        lines.append(card_score("real fast scans", model, found["real"]))
    merged = {f"{track} {name}": one for track, sets in found["harm"].items() for name, one in sets.items()}
    suited, not_for = ([n for n in merged if n.endswith(NOT_FOR) == foreign] for foreign in (False, True))
    return Measured(
        tuple(lines),
        f"With noise and without, {count_harmed(merged, suited)} images of sets that it did not learn from became "
        f"worse than their bicubic enlargement by more than 0.3 dB, and {count_harmed(merged, not_for)} atomic and "
        "low-dose images, which it is not for.",
    )


def main() -> None:
    """Measure the models that are on the shelf."""
    chosen = options(__doc__)
    for scale in (2, 4):
        if not chosen.only or f"sr-x{scale}" in chosen.only:
            measure(scale, chosen.data, chosen.home, chosen.pictures)


if __name__ == "__main__":
    main()

"""Atomic lattices with dents: a published CycleGAN study as trained and applied there, and the preset that fixes it.

    python -m benchmarks.denoising.lattices --data FOLDER [--home FOLDER] [--only NAME ...] [--pictures FOLDER]

Simulated lattices with dents are denoised, in fields of 27 to 48 atoms along an edge. The CycleGAN of the study is
trained on noisy fields with dents and on clean fields without dents. It is also applied as in the study, to separate
tiles of five by five atoms that are then put together. Scores of atoms, dents and seams are written to
`lattices.json`; `--pictures` receives comparison images of simulated fields.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.runner import Job, Table, command, options
from sem_models.config.degradation import Degradation
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.evaluation.metrics.atoms import lattice_scores, seam_ratio
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.restoration import make_case
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor

HERE = Path(__file__).resolve().parent
DENTED, UNPAIRED, FLAT = "lattices", "lattices-unpaired", "lattices-flat"
OURS, STUDY = "ours", "study"
FORWARD: Degradation = find_recipe("lattice-denoise-small").degradation
SAME = ("train.validate_every=100000", "train.steps=2500")
JOBS = (
    Job(OURS, "lattice-denoise-small", DENTED, changes=("train.precision=bf16-mixed",)),
    Job(STUDY, "cyclegan-lattice-small", UNPAIRED, inputs=()),
)
TILE_PX = 64
"""About five atoms at the lattice periods of these fields."""
Field = NDArray[np.float32]
NAMES = ("psnr_db", "atom_f1", "atom_rms_period", "dent_correlation", "lattice_peak_db")


def prepare(home: Path) -> None:
    """Simulate fields with dents, clean fields without dents, and an unpaired dataset with both as its domains."""
    if not (home / "datasets" / DENTED).exists():
        command("simulate", "--name", DENTED, "--count", "300", "--size", "384")
    if (home / "datasets" / UNPAIRED).exists():
        return
    command("simulate", "--name", FLAT, "--count", "120", "--size", "384", "--no-dents", "--seed", "1")
    raw = home / "raw-unpaired"
    for name, domain in ((DENTED, "noisy"), (FLAT, "clean")):
        (raw / domain).mkdir(parents=True, exist_ok=True)
        dataset = open_dataset(home / "datasets" / name)
        for entry in dataset.entries("train")[:72]:
            case = make_case(dataset, entry, FORWARD, 1)
            image = case.input if domain == "noisy" else case.target
            # 8 bit, so that both domains share one scale of grey levels.
            pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
            path = raw / domain / f"{domain}_{Path(entry.name).stem}.tif"
            write_micrograph(path, Micrograph(pixels.transpose(1, 2, 0)))
    command("prepare", str(raw / "noisy"), "--target", str(raw / "clean"), "--kind", "unpaired", "--name", UNPAIRED)


def apart(predictor: Predictor, low: Field) -> Field:
    """Restore separate tiles and put them together, as in the study; (1, H, W)."""
    out = np.empty_like(low)
    for top in range(0, low.shape[1], TILE_PX):
        for left in range(0, low.shape[2], TILE_PX):
            part = np.s_[:, top : top + TILE_PX, left : left + TILE_PX]
            out[part] = predictor.predict_unit(np.ascontiguousarray(low[part]))
    return out


def scores(outputs: dict[str, list[Field]], sharp: list[Field]) -> dict[str, dict[str, float]]:
    """Means over fields, the seam ratio at the tile edges, and the F1 of the worst field."""
    found: dict[str, dict[str, float]] = {}
    for label, images in outputs.items():
        pairs = [(np.clip(image[0], 0, 1), truth[0]) for image, truth in zip(images, sharp, strict=True)]
        rows = [{"psnr_db": psnr_db(*pair, 1.0), **lattice_scores(*pair, 1.0)} for pair in pairs]
        means = {name: float(np.nanmean([row.get(name, np.nan) for row in rows])) for name in NAMES}
        seams = [seam_ratio(*pair, TILE_PX) for pair in pairs]
        worst = float(np.nanmin([row.get("atom_f1", np.nan) for row in rows]))
        found[label] = {**means, "seam_ratio": float(np.mean(seams)), "worst_f1": worst}
    return found


def restored(dataset: Dataset, runs: dict[str, str]) -> tuple[dict[str, list[Field]], list[Field]]:
    """All test fields restored by all methods, and the clean fields."""
    from pipelines.model_ref import BaselineRef, RunRef
    from pipelines.models import resolve_model

    predictors = {label: Predictor(resolve_model(RunRef(run)).model) for label, run in runs.items()}
    predictors["baseline:nlm"] = Predictor(resolve_model(BaselineRef("nlm"), 1).model)
    outputs: dict[str, list[Field]] = {label: [] for label in (*predictors, "noisy", "study, tiles apart")}
    sharp = []
    for entry in dataset.entries("test"):
        case = make_case(dataset, entry, FORWARD, 1)
        sharp.append(case.target)
        for label, predictor in predictors.items():
            outputs[label].append(predictor.predict_unit(case.input))
        outputs["noisy"].append(case.input)
        outputs["study, tiles apart"].append(apart(predictors[STUDY], case.input))
    return outputs, sharp


def show(outputs: dict[str, list[Field]], sharp: list[Field], folder: Path) -> None:
    """Save an image of three fields: noisy, each method, clean."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [np.hstack([*(images[i][0] for images in outputs.values()), sharp[i][0]]) for i in range(3)]
    Image.fromarray(np.uint8(np.clip(np.vstack(rows), 0, 1) * 255)).save(folder / "lattices.png")
    print(" | ".join([*outputs, "truth"]))


def main() -> None:
    """Simulate, train, score."""
    chosen = options(__doc__)
    prepare(chosen.home)
    table = Table(HERE / "lattice_runs.json", "lattices", SAME)
    table.run(JOBS, chosen.jobs, chosen.only)
    runs = {label: str(table.known[label]["run_id"]) for label in (OURS, STUDY)}
    outputs, sharp = restored(open_dataset(chosen.home / "datasets" / DENTED), runs)
    (HERE / "lattices.json").write_text(json.dumps({"runs": runs, **scores(outputs, sharp)}, indent=1) + "\n")
    if chosen.pictures:
        show(outputs, sharp, chosen.pictures)


if __name__ == "__main__":
    main()

"""Real noisy frames without a clean image: networks are trained on them and evaluated by their residual.

    python -m benchmarks.denoising.real --data FOLDER [--home FOLDER] [--only NAME ...] [--pictures FOLDER]

Low-dose TEM frames (each with a second frame of the same field), 16-bit HAADF images of single atoms and 32-bit images
of platinum. A network is trained on the frames of each set, with a mask along the scan line for scanned images. The
command `judge` is then applied to one frame of each set, for the network and for non-local means. Writes `real.json`;
`--pictures` receives comparison images, which are not stored in the repository.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.runner import Job, Table, command, options

HERE = Path(__file__).resolve().parent
BASELINE = "baseline:nlm"


@dataclass(frozen=True)
class Frames:
    """One set of noisy frames."""

    dataset: str
    folder: str
    recipe: str
    judged: str
    second: str | None = None


SETS = (
    Frames("tem-low-dose", "tem_lowdose_pairs", "n2v-denoise-small", "val_0001.tif", "val_0002.tif"),
    Frames("haadf-16bit", "haadf_single_atoms_16bit/images", "n2v-lines-denoise-small", "Ptporph12.tif"),
    Frames(
        "haadf-32bit",
        "acstem_single_atoms_pt/images",
        "n2v-lines-denoise-small",
        "025_HAADF_15nm_Sample_PtNC_21Oct20.tif",
    ),
)


def judged(model: str, frames: Frames, data: Path) -> dict[str, Any]:
    """The scores that `judge` reports for one frame."""
    files = [str(data / frames.folder / name) for name in (frames.judged, frames.second) if name]
    found: dict[str, Any] = command("judge", model, *files)["scores"]
    return found


def show(model: str, frames: Frames, data: Path, folder: Path) -> None:
    """Save the frame and the restored frame side by side, with the same display limits."""
    from pipelines.model_ref import parse_model
    from pipelines.models import resolve_model
    from sem_models.images.display import display_window, to_display
    from sem_models.images.io.read import read_micrograph
    from sem_models.inference.predictor import Predictor

    recorded = read_micrograph(data / frames.folder / frames.judged)
    restored = Predictor(resolve_model(parse_model(model)).model).predict(recorded)
    window = display_window([restored.pixels])
    pair = np.hstack([to_display(image.pixels, window) for image in (recorded, restored)])
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pair).save(folder / f"{frames.dataset}.png")


def main() -> None:
    """Prepare, train, judge."""
    chosen = options(__doc__)
    table = Table(HERE / "real_runs.json", "denoising-real", ("train.validate_every=500", "train.steps=1000"))
    found: dict[str, Any] = {}
    for frames in (frames for frames in SETS if not chosen.only or frames.dataset in chosen.only):
        if not (chosen.home / "datasets" / frames.dataset).exists():
            command("prepare", str(chosen.data / frames.folder), "--name", frames.dataset, "--group-by", r"^(.+)\.tif")
        table.run([Job(frames.dataset, frames.recipe, frames.dataset, inputs=())], 1, None)
        run_id = table.known[frames.dataset]["run_id"]
        found[frames.dataset] = {name: judged(name, frames, chosen.data) for name in (BASELINE, run_id)}
        if chosen.pictures:
            show(run_id, frames, chosen.data, chosen.pictures)
        (HERE / "real.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""What `starter:clean-lines` reaches on images that it never saw, beside interpolation between the intact lines.

    python -m benchmarks.starters.lines --data FOLDER [--home FOLDER] [--pictures FOLDER]

Line defects are simulated as in training on the 13 test images of the training sets, nine specimens, and on the
images of foreign sets. The mask is given, or found by the detector of the program. Writes `clean-lines.json`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.inpainting.measure import inpainted
from benchmarks.starters.foreign import foreign_images
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
from benchmarks.starters.starter import Measured, Words, held_out, run
from benchmarks.starters.stored import NETWORK, network_sha256, write_result
from sem_models.config.degradation import LineDefects
from sem_models.evaluation.baselines.lines import InterpolatedLines
from sem_models.evaluation.restoration import image_seed
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.physics.find_line_defects import find_line_defects
from sem_models.physics.line_defects import draw_line_defects, spoil_lines
from sem_models.starters.shelf import load_starter

NAME, MODEL, INTERPOLATED = "clean-lines", "starter:clean-lines", "linear interpolation"
SPOILT = INPUT = "spoilt"
SETTINGS = LineDefects(rate=0.06, rows=(1, 8))
_EDGE_PX = 512
WORDS = Words(
    summary="Redraws dead, saturated and charged scan lines of SEM images",
    limits="Redraws scan lines that carry no signal; what is inside a gap is a guess from both sides",
    suits="micrographs with gaps of 1 to 8 lines, over the whole line or part of it; everything else is left as it is.",
    does_not=(
        "shading and charged areas that still carry signal",
        "faint charging streaks, of which the detector finds half; mark them by a mask",
        "noise and blur",
        "measuring inside redrawn lines",
    ),
)


def spoilt(sharp: UnitImage, name: str) -> tuple[UnitImage, np.ndarray]:
    """Spoil lines of (H, W), the same each time, and round to 8 bit; return the image and where it is spoilt."""
    generator = torch.Generator().manual_seed(image_seed(name))
    defects = draw_line_defects(sharp.shape[0], sharp.shape[1], SETTINGS, generator)
    image, hidden = (part.numpy() for part in spoil_lines(torch.from_numpy(sharp[None]), defects))
    return (np.rint(image[0].clip(0, 1) * 255) / 255).astype(np.float32), hidden[0] > 0


def in_gaps(outputs: dict[str, UnitImage], sharp: UnitImage, mask: np.ndarray) -> dict[str, dict[str, float]]:
    """PSNR in dB of the hidden pixels alone, and all scores of the whole image."""
    return {
        name: {**scores(output, sharp), "psnr_db": plain_psnr(output[mask], sharp[mask])}
        for name, output in outputs.items()
    }


def measure(data: Path, home: Path, pictures: Path | None) -> Measured:
    """Score the model on the shelf, store all rows and return what its card says."""
    models: dict[str, UnitModel] = {MODEL: load_starter(NAME), INTERPOLATED: InterpolatedLines()}
    pool = held_out(data, home)
    given, found_mask, foreign = {}, {}, {}
    for entry in pool.entries("test"):
        sharp = centre(pool.unit(entry, "image")[0], _EDGE_PX)
        recorded, mask = spoilt(sharp, entry.name)
        filled = {name: inpainted(model, recorded[None], mask)[0] for name, model in models.items()}
        seen = find_line_defects(recorded)
        detected = {name: inpainted(model, recorded[None], seen)[0] for name, model in models.items()}
        given[entry.name] = {"group": entry.group, **in_gaps({INPUT: recorded, **filled}, sharp, mask)}
        every = np.ones_like(mask)
        found_mask[entry.name] = {"group": entry.group, **in_gaps({INPUT: recorded, **detected}, sharp, every)}
        if pictures:
            shown = [recorded, filled[INTERPOLATED], filled[MODEL], sharp]
            save_strip(pictures / f"lines-{entry.name}.png", shown)
    for image in foreign_images(data):
        recorded, mask = spoilt(image.recorded, image.name)
        outputs = {name: inpainted(model, recorded[None], mask)[0] for name, model in models.items()}
        if mask.any():
            row = in_gaps({INPUT: recorded, **outputs}, image.recorded, mask)
            foreign[image.name] = {"group": image.set, **row}
    return stored(given, found_mask, foreign)


def stored(given: Rows, found_mask: Rows, foreign: Rows) -> Measured:
    """Write all rows and their summary."""
    summary: dict[str, Any] = {
        "given": compared(given, tuple(METRICS), MODEL, INPUT),
        "found": compared(found_mask, tuple(METRICS), MODEL, INPUT),
        "harm": harmed(foreign, MODEL, INTERPOLATED),
    }
    content = {
        NETWORK: network_sha256(NAME),
        "summary": summary,
        "given": given,
        "found": found_mask,
        "foreign": foreign,
    }
    write_result(NAME, content)
    lines = (
        card_score("inside the gaps, mask given", MODEL, summary["given"]),
        card_score("whole images, mask found", MODEL, summary["found"]),
    )
    return Measured(
        lines,
        f"Inside the gaps, {count_harmed(summary['harm'])} images of sets that it did not learn from are worse than "
        "linear interpolation by more than 0.3 dB; outside of the gaps nothing is changed.",
    )


if __name__ == "__main__":
    run(__doc__, measure)

"""A model that is told the width of the blur: its default strength, its gains by width, and the real focus series.

    python -m benchmarks.refocusing.strength --home FOLDER [--data FOLDER] [--picture FILE]

FOLDER is the `SEM_HOME` in which `table.py` trained. Writes `strength.json`. The default is the strength with the
largest mean gain over 1 to 4 px among those with which no image of the validation split, blurred by 0 to 4 px and
with the noise of the training, loses more than 0.3 dB. Test images are scored with the true width and with the
default, each with and without abstention, beside unsharp masking and Wiener deconvolution told the truth; once with
the noise of the training and once with none added. There, an image that is not blurred equals its target, so the
table gives the PSNR of the output against it. Each image is cropped to its centre, at most 384 px square. FILE
receives crops, which are not stored in the repository.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.pools import THREE
from benchmarks.refocusing.focus_series import DEFOCUSED, SHARPEST, against, aligned, frame
from benchmarks.refocusing.table import TOLD
from benchmarks.refocusing.trained import options, trained_model
from sem_models.config.degradation import Blur, Degradation
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.manifest import Split
from sem_models.evaluation.baselines.filters import unsharp, wiener
from sem_models.evaluation.baselines.table import known_kernel
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.restoration import image_seed
from sem_models.inference.predictor import Predictor
from sem_models.inference.told_width import ToldWidthModel, abstention, at_strength
from sem_models.physics.degrade import degrade

if TYPE_CHECKING:
    from sem_models.inference.model import UnitModel

HERE = Path(__file__).resolve().parent
WIDTHS = (1.0, 2.0, 3.0, 4.0)
STRENGTHS = (0.1, 0.2, 0.3, 0.5, 1.0)
MOST_LOST_DB = 0.3
_EDGE = {"train": 256, "val": 256, "test": 384}
_BORDER = 8
_CROP = np.s_[100:400, 100:400]
_FIELD = np.s_[100:612, 200:712]
Grey = NDArray[np.float32]
Gains = dict[str, dict[str, dict[str, float]]]
"""Gain in dB by method, width and image."""


class Field(NamedTuple):
    """The centre of an image, sharp and as a microscope would have recorded it; (H, W) in unit intensity."""

    image: str
    width_px: float
    sharp: Grey
    recorded: Grey

    def psnr_db(self, output: Grey) -> float:
        """PSNR of an output against the sharp image, without the border."""
        inner = np.s_[_BORDER:-_BORDER, _BORDER:-_BORDER]
        made, sharp = (np.clip(image[inner], 0, 1) for image in (output, self.sharp))
        return float(psnr_db(made, sharp, 1.0))

    def gain_db(self, output: Grey) -> float:
        """How much closer an output is to the sharp image than the recorded one."""
        return self.psnr_db(output) - self.psnr_db(self.recorded)


def fields(
    dataset: Dataset, split: Split, noise: Degradation, widths: Sequence[float] = (0.0, *WIDTHS)
) -> Iterator[Field]:
    """Blur the centre of each image by every width; the noise is drawn by a seed from the name of the image."""
    for entry in dataset.entries(split):
        whole = dataset.unit(entry, "image")[0]
        edge = _EDGE[split]
        top, left = (max(length - edge, 0) // 2 for length in whole.shape)
        sharp = whole[top : top + edge, left : left + edge]
        for width in widths:
            settings = noise.model_copy(update={"blur": Blur(size_px=(width, width)) if width else None})
            generator = torch.Generator().manual_seed(image_seed(entry.name))
            recorded = degrade(torch.from_numpy(sharp)[None, None], settings, generator)[0, 0].numpy()
            yield Field(entry.name, width, sharp, recorded)


@torch.inference_mode()
def refocused(model: ToldWidthModel, image: Grey, strength_px: float) -> tuple[Grey, Grey, float]:
    """Return the output with and without abstention, and the mean of the map."""
    x = torch.from_numpy(image)[None, None]
    output = model.network(torch.cat([x, torch.full_like(x, strength_px)], 1))
    abstains = abstention(x, output, strength_px)
    blended = output + abstains * (x - output)
    return blended[0, 0].numpy(), output[0, 0].numpy(), float(abstains.mean())


def validate(model: ToldWidthModel, given: Iterable[Field]) -> dict[str, dict[str, float]]:
    """Mean gain over all widths above 0 and worst gain of any image, by strength."""
    found: dict[float, list[tuple[float, float]]] = {strength: [] for strength in STRENGTHS}
    for field in given:
        for strength in STRENGTHS:
            found[strength].append((field.width_px, field.gain_db(refocused(model, field.recorded, strength)[0])))
    return {
        f"{strength:g}": {
            "mean_gain_db": float(np.mean([gain for width, gain in gains if width])),
            "worst_gain_db": min(gain for _, gain in gains),
        }
        for strength, gains in found.items()
    }


def chosen(by_strength: dict[str, dict[str, float]]) -> float:
    """The strength with the largest mean gain that loses at most 0.3 dB on any image; 0 if there is none."""
    safe = {name: found for name, found in by_strength.items() if found["worst_gain_db"] >= -MOST_LOST_DB}
    return float(max(safe, key=lambda name: safe[name]["mean_gain_db"], default="0"))


def tested(model: ToldWidthModel, given: Iterable[Field], default_px: float) -> tuple[Gains, Gains]:
    """Gains on the test split by method, width and image, and the mean of the map likewise."""
    gains: Gains = {}
    maps: Gains = {}

    def keep(found: Gains, name: str, field: Field, value: float) -> None:
        found.setdefault(name, {}).setdefault(f"{field.width_px:g}", {})[field.image] = round(value, 3)

    for field in given:
        with_map, without, mean = refocused(model, field.recorded, default_px)
        keep(gains, "default", field, field.gain_db(with_map))
        keep(gains, "default, no abstention", field, field.gain_db(without))
        keep(maps, "default", field, mean)
        keep(gains, "unsharp", field, field.gain_db(unsharp(field.recorded)))
        if field.width_px:
            with_map, without, mean = refocused(model, field.recorded, field.width_px)
            keep(gains, "told", field, field.gain_db(with_map))
            keep(gains, "told, no abstention", field, field.gain_db(without))
            keep(maps, "told", field, mean)
            kernel = known_kernel(Blur(size_px=(field.width_px, field.width_px)), "wiener")
            keep(gains, "wiener, told", field, field.gain_db(wiener(kernel)(field.recorded)))
        else:
            # A user who thinks that a sharp image is out of focus.
            with_map, without, mean = refocused(model, field.recorded, 2.0)
            keep(gains, "told 2 px wrongly", field, field.gain_db(with_map))
            keep(gains, "told 2 px wrongly, no abstention", field, field.gain_db(without))
            keep(maps, "told 2 px wrongly", field, mean)
    return gains, maps


def series(model: "UnitModel", data: Path, picture: Path | None) -> dict[str, object]:
    """Scores of the defocused frames of the real series against the sharpest, as recorded and by strength."""
    found: dict[str, object] = {}
    sharpest, panels = frame(data, SHARPEST), []
    for name in DEFOCUSED:
        recorded, reference = (image[_FIELD] for image in aligned(frame(data, name), sharpest))
        scores = {"recorded": against(recorded, reference)}
        row = [recorded[_CROP]]
        for strength in WIDTHS:
            output = Predictor(at_strength(model, strength)).predict_unit(recorded[None])[0]
            scores[f"{strength:g}"] = against(output, reference)
            row.append(output[_CROP])
        found[name] = scores
        panels.append(np.hstack([*row, reference[_CROP]]))
    if picture:
        Image.fromarray(np.uint8(np.clip(np.vstack(panels), 0, 1) * 255)).save(picture)
    return found


def main() -> None:
    """Choose the default on the validation split, then score the test split and the series."""
    given = options(__doc__)
    run_id, model = trained_model(TOLD)
    if not isinstance(model, ToldWidthModel):
        raise TypeError(f"run {run_id} is not told the width of the blur")
    dataset = open_dataset(given.home / "datasets" / THREE.dataset)
    trained = model.recipe.degradation.model_copy(update={"blur": None})
    choice = validate(model, fields(dataset, "val", trained))
    default_px = chosen(choice)
    found: dict[str, object] = {"run_id": run_id, "validation": choice, "default_px": default_px}
    write(found)
    gains, maps = tested(model, fields(dataset, "test", trained), default_px)
    found["noisy"] = {"gain_db": gains, "abstention": maps}
    write(found)
    clean = Degradation(scale=1)
    gains, maps = tested(model, fields(dataset, "test", clean, WIDTHS), default_px)
    found["no noise"] = {"gain_db": gains, "abstention": maps}
    found["unchanged_db"] = {
        field.image: round(field.psnr_db(refocused(model, field.recorded, default_px)[0]), 2)
        for field in fields(dataset, "test", clean, (0.0,))
    }
    write(found)
    found["series"] = series(model, given.data, given.picture)
    write(found)


def write(found: dict[str, object]) -> None:
    """Write what has been found so far."""
    (HERE / "strength.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

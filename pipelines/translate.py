"""Use case: micrographs of one contrast redrawn in another by diffusion models, without pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lcm
from pathlib import Path
from typing import Literal

import torch

from pipelines.models import resolve_model
from pipelines.outputs import OutputNames, input_files
from pipelines.sampling import resampled
from sem_models.errors import UserError
from sem_models.images.channels import require_grey
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.intensity import from_unit, intensity_range, to_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.read import read_micrograph
from sem_models.images.write import write_micrograph
from sem_models.inference.bridges import contrast_of, ddib, sdedit
from sem_models.inference.diffusion import DiffusionModel, as_diffusion, part_of
from sem_models.inference.predictor import choose_device
from sem_models.inference.tiles import padded
from sem_models.progress import Progress, silent

Bridge = Literal["sdedit", "ddib"]


@dataclass(frozen=True)
class Translation:
    """What the user asks for."""

    inputs: tuple[Path, ...]
    out: Path
    to: str
    """Model of the target contrast."""
    method: Bridge = "sdedit"
    source: str | None = None
    """Model of the contrast of the inputs, which ddib needs."""
    strength: float = 0.4
    """Of sdedit: share of the denoising steps that are taken."""
    seed: int = 0
    changes: Sequence[str] = ()
    """`diffusion.sampling.KEY=VALUE`, of both models."""
    overwrite: bool = False


@dataclass(frozen=True)
class Translated:
    """What became of one file."""

    source: str
    output: str | None
    error: str | None = None


def translate(wanted: Translation, progress: Progress = silent) -> list[Translated]:
    """Write a TIFF for each input, without its data bar, in its dtype, with pixel size and provenance.

    Raises:
        UserError: No diffusion model of one channel, a method without its model, or not one input could be used.
    """
    if (wanted.method == "ddib") != (wanted.source is not None):
        needs = "needs" if wanted.method == "ddib" else "takes no"
        raise UserError(f"Method {wanted.method} {needs} --from MODEL, the model of the contrast of the inputs.")
    target = _model(wanted.to, wanted)
    source = _model(wanted.source, wanted) if wanted.source else None
    files = input_files(wanted.inputs, wanted.out)
    wanted.out.mkdir(parents=True, exist_ok=True)
    names, results = OutputNames(wanted.out, files, wanted.overwrite), []
    for index, path in enumerate(files):
        results.append(_one(wanted, target, source, path, names, part_of(progress, index, len(files))))
    if all(result.error for result in results):
        raise UserError(f"None of {len(files)} file(s) could be used: {results[0].error}")
    return results


def _model(text: str, wanted: Translation) -> DiffusionModel:
    model = as_diffusion(resampled(resolve_model(text).model, wanted.changes))
    if model.capabilities.channels_out != 1:
        raise UserError(f"{model.name} draws {model.capabilities.channels_out} channels, where a grey one is needed.")
    return model


def _one(
    wanted: Translation,
    target: DiffusionModel,
    source: DiffusionModel | None,
    path: Path,
    names: OutputNames,
    progress: Progress,
) -> Translated:
    """A file that cannot be used does not stop the others."""
    try:
        place = names(path, "")
        recorded = require_grey(read_micrograph(path))
        recorded = crop_databar(recorded, find_databar(recorded))
        write_micrograph(place, _redrawn(wanted, target, source, recorded, progress))
    except UserError as error:
        return Translated(str(path), None, str(error))
    return Translated(str(path), str(place))


def _redrawn(
    wanted: Translation, target: DiffusionModel, source: DiffusionModel | None, recorded: Micrograph, progress: Progress
) -> Micrograph:
    limits = intensity_range(recorded.pixels)
    multiple = lcm(*(model.capabilities.size_multiple for model in (target, source) if model))
    unit = padded(to_unit(recorded.pixels, limits).transpose(2, 0, 1), multiple)
    image = torch.from_numpy(unit)[None].to(choose_device())
    if source is None:
        drawn = sdedit(contrast_of(target), image, wanted.strength, wanted.seed, progress)
    else:
        drawn = ddib(contrast_of(source), contrast_of(target), image, progress)
    found = drawn[0, :, : recorded.height, : recorded.width].permute(1, 2, 0).cpu().numpy()
    pixels, _ = from_unit(found, limits, recorded.pixels.dtype)
    by = f"{wanted.method} from {source.name} to" if source else f"{wanted.method}, strength {wanted.strength:g}, to"
    facts = {key: value for key, value in recorded.metadata.items() if key != "image_rows"}
    told = f"Synthetic: {recorded.source or 'an image in memory'} redrawn by {by} {target.name}, SEM Workbench"
    return replace(recorded, pixels=pixels, metadata={**facts, "provenance": told})

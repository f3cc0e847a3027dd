"""Use case: a diffusion model draws micrographs, out of nothing or after label maps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.models import resolve_model
from pipelines.predict.outputs import OutputNames, input_files
from pipelines.predict.sampling import resampled
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.diffusion.model import DiffusionModel, Drawn, as_diffusion, part_of
from sem_models.inference.label_maps import one_hot_of
from sem_models.inference.predictor import choose_device
from sem_models.inference.tiling.tiles import padded
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class Wanted:
    """What the user asks for."""

    model: str
    out: Path
    count: int = 4
    """Images; with masks as many as there are masks."""
    size_px: int = 256
    """Height and width; with masks those of the mask."""
    masks: Path | None = None
    samples: int = 1
    """Images for each mask."""
    seed: int = 0
    changes: Sequence[str] = ()
    """`diffusion.sampling.KEY=VALUE`."""
    overwrite: bool = False


@dataclass(frozen=True)
class Synthesised:
    """What was drawn for one mask, or one image out of nothing."""

    mask: str | None
    output: str
    """The image; of several samples their mean."""
    std: str | None = None
    """Standard deviation over the samples in grey values, float32."""
    samples: tuple[str, ...] = ()


def synthesise(wanted: Wanted, progress: Progress = silent) -> list[Synthesised]:
    """Write 8-bit TIFF files with their provenance into `wanted.out`; told after each denoising step.

    Raises:
        UserError: No diffusion model, masks where it takes none or none where it needs them, or unreadable masks.
    """
    asked = (f"diffusion.sampling.samples={wanted.samples}", f"diffusion.sampling.seed={wanted.seed}")
    model = as_diffusion(resampled(resolve_model(wanted.model).model, [*wanted.changes, *asked]))
    _require_masks(model, wanted)
    if wanted.out.exists() and not wanted.out.is_dir():
        raise UserError(f"{wanted.out}: it is a file, where --out needs a folder; choose another.")
    wanted.out.mkdir(parents=True, exist_ok=True)
    return list(_after_masks(model, wanted, wanted.masks, progress) if wanted.masks else _free(model, wanted, progress))


def _require_masks(model: DiffusionModel, wanted: Wanted) -> None:
    if wanted.masks is None and model.capabilities.channels_in:
        raise UserError(f"{model.name} draws after images or label maps; give --masks FOLDER.")
    if wanted.masks is not None and not model.recipe.labels:
        raise UserError(f"{model.name} takes no label maps; leave --masks out.")
    if wanted.masks is None and wanted.samples > 1:
        raise UserError("--samples draws several images for one mask; without masks say --count.")


def _free(model: DiffusionModel, wanted: Wanted, progress: Progress) -> Iterator[Synthesised]:
    multiple = model.capabilities.size_multiple
    size = -(-wanted.size_px // multiple) * multiple
    names = OutputNames(wanted.out, (), wanted.overwrite)
    targets = [names(Path(f"drawn-{wanted.seed}-{index + 1:04d}.tif"), "") for index in range(wanted.count)]
    for index, target in enumerate(targets):
        # Of seed and index, so that an image is the same however many are drawn.
        seed = int(np.random.SeedSequence([wanted.seed, index]).generate_state(1)[0])
        drawn = model.draw(1, (size, size), seed=seed, progress=part_of(progress, index, wanted.count))
        image = _cut(drawn.mean, (wanted.size_px, wanted.size_px))
        _write(target, _bytes(image), None, _told(model, f"image {index + 1} of seed {wanted.seed}"))
        yield Synthesised(None, str(target))


def _after_masks(model: DiffusionModel, wanted: Wanted, masks: Path, progress: Progress) -> Iterator[Synthesised]:
    files = input_files([masks], wanted.out)
    names = OutputNames(wanted.out, files, wanted.overwrite)
    targets = [names(path, "") for path in files]
    for index, (path, target) in enumerate(zip(files, targets, strict=True)):
        mask = read_micrograph(path)
        one_hot = padded(one_hot_of(model.recipe.labels, mask), model.capabilities.size_multiple)
        condition = torch.from_numpy(one_hot)[None].to(choose_device())
        tell = part_of(progress, index, len(files))
        drawn = model.draw(1, (one_hot.shape[1], one_hot.shape[2]), condition, progress=tell)
        yield _keep(model, drawn, path, mask, target)


def _keep(model: DiffusionModel, drawn: Drawn, path: Path, mask: Micrograph, target: Path) -> Synthesised:
    """The mean; of several samples also their standard deviation and each of them."""
    shape, size_nm, count = (mask.height, mask.width), mask.pixel_size_nm, len(drawn.samples)
    what = f"drawn after {path.name}, seed {model.settings.sampling.seed}"
    if count == 1:
        _write(target, _bytes(_cut(drawn.mean, shape)), size_nm, _told(model, what))
        return Synthesised(str(path), str(target))
    _write(target, _bytes(_cut(drawn.mean, shape)), size_nm, _told(model, f"mean of {count} {what}"))
    std = target.with_name(f"{target.stem}-std.tif")
    _write(std, 255 * _cut(drawn.std, shape), size_nm, _told(model, f"standard deviation of {count} {what}"))
    samples = [target.with_name(f"{target.stem}-sample{number + 1}.tif") for number in range(count)]
    for place, sample in zip(samples, drawn.samples, strict=True):
        _write(place, _bytes(_cut(sample, shape)), size_nm, _told(model, f"sample {place.stem[-1]} of {count} {what}"))
    return Synthesised(str(path), str(target), str(std), tuple(map(str, samples)))


def _cut(image: torch.Tensor, shape: tuple[int, int]) -> NDArray[np.float32]:
    """(1, C, H, W) to (h, w, C), without what was padded."""
    cut: NDArray[np.float32] = image[0, :, : shape[0], : shape[1]].permute(1, 2, 0).cpu().numpy()
    return cut


def _bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(image * 255).astype(np.uint8)


def _write(path: Path, pixels: NDArray[np.generic], pixel_size_nm: float | None, provenance: str) -> None:
    write_micrograph(path, Micrograph(np.ascontiguousarray(pixels), pixel_size_nm), provenance)


def _told(model: DiffusionModel, what: str) -> str:
    sampling = model.settings.sampling
    return f"Synthetic: {what}, {sampling.steps} steps, guidance {sampling.guidance:g}, by {model.name}, SEM Workbench"

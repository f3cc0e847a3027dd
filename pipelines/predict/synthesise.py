"""Use case: draw micrographs with a diffusion model, unconditionally or from label maps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.models import resolve_model
from pipelines.predict.batch import FileWork, OutputNames, input_files, process_files
from pipelines.predict.pixel_sizes import drawn_size
from pipelines.predict.requests import SynthesiseRequest
from pipelines.predict.sampling import resampled
from sem_models.errors import FieldRef, Message, UserError
from sem_models.images.io.read import read_identified_pages
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.inference.diffusion.model import DiffusionModel, Drawn, as_diffusion
from sem_models.inference.label_maps import one_hot_of
from sem_models.inference.scaling import drawn_pixels, drawn_range
from sem_models.inference.tiling.tiles import padded
from sem_models.progress import Progress, part_of, silent


@dataclass(frozen=True)
class Synthesised:
    """The result for one mask, or one image drawn unconditionally."""

    mask: str | None
    output: str | None
    """The image; the mean where there are several samples."""
    std: str | None = None
    """Standard deviation over the samples in grey values, float32."""
    samples: tuple[str, ...] = ()
    error: Message | None = None
    """Why nothing was drawn for the mask."""


def synthesise(request: SynthesiseRequest, progress: Progress = silent) -> list[Synthesised]:
    """Write TIFF files with their history into `request.out`; progress counts denoising steps, or tiles.

    Their data type and grey levels are those of the training images.

    Raises:
        UserError: The model is not a diffusion model, takes no masks or needs some, or no mask could be used.
    """
    asked = (f"diffusion.sampling.samples={request.samples}", f"diffusion.sampling.seed={request.seed}")
    resolved = resolve_model(request.model)
    model = as_diffusion(resampled(resolved.model, [*request.changes, *asked]))
    _require_masks(model, request)
    size_nm = drawn_size(resolved.run_id)
    if request.masks is None:
        return list(_free(model, request, size_nm, progress))
    files = input_files([request.masks], request.out)
    names = OutputNames(request.out, files, request.overwrite)
    return process_files(_AfterMasks(model, names, size_nm), files, progress, what=None)


def _require_masks(model: DiffusionModel, request: SynthesiseRequest) -> None:
    if request.masks is None and model.capabilities.channels_in:
        raise UserError(f"{model.name} draws from images or label maps; give ", FieldRef("masks"), ".")
    if request.masks is not None and not model.recipe.labels:
        raise UserError(f"{model.name} takes no label maps; leave out ", FieldRef("masks"), ".")
    if request.masks is None and request.samples > 1:
        samples, count = FieldRef("samples"), FieldRef("count")
        raise UserError(samples, " draws several images for one mask; without masks use ", count, ".")


def _free(
    model: DiffusionModel, request: SynthesiseRequest, size_nm: float | None, progress: Progress
) -> Iterator[Synthesised]:
    multiple = model.capabilities.size_multiple
    size = -(-request.size_px // multiple) * multiple
    names = OutputNames(request.out, (), request.overwrite)
    targets = [names(Path(f"drawn-{request.seed}-{index + 1:04d}.tif")) for index in range(request.count)]
    for index, target in enumerate(targets):
        # From seed and index, so that an image is the same however many are drawn.
        seed = int(np.random.SeedSequence([request.seed, index]).generate_state(1)[0])
        drawn = model.draw(1, (size, size), seed=seed, progress=part_of(progress, index, request.count))
        image = _cut(drawn.mean, (request.size_px, request.size_px))
        step = _step(model, f"image {index + 1} of seed {request.seed}")
        write_micrograph(target, Micrograph(_pixels(model, image), size_nm, history=(step,)))
        yield Synthesised(None, str(target))


@dataclass(frozen=True)
class _AfterMasks(FileWork[Path, Micrograph, Synthesised]):
    model: DiffusionModel
    names: OutputNames
    size_nm: float | None
    """Pixel size of the training images, which drawings of masks without a scale get."""

    def pages(self, path: Path) -> list[Micrograph]:
        """Read the first page."""
        mask = next(read_identified_pages(path))
        return [replace(mask, pixel_size_nm=mask.pixel_size_nm or self.size_nm)]

    def apply(self, path: Path, number: int, page: Micrograph, progress: Progress) -> Synthesised:  # noqa: ARG002
        """See `FileWork`."""
        target = self.names(path)
        one_hot = padded(one_hot_of(self.model.recipe.labels, page), self.model.capabilities.size_multiple)
        condition = torch.from_numpy(one_hot)[None]
        drawn = self.model.draw(1, (one_hot.shape[1], one_hot.shape[2]), condition, progress=progress)
        return _keep(self.model, drawn, path, page, target)

    def failed(self, path: Path, number: int, error: Message) -> Synthesised:  # noqa: ARG002
        """See `FileWork`."""
        return Synthesised(str(path), None, error=error)


def _keep(model: DiffusionModel, drawn: Drawn, path: Path, mask: Micrograph, target: Path) -> Synthesised:
    """Write the mean; for several samples also their standard deviation and each of them."""
    shape, count = (mask.height, mask.width), len(drawn.samples)
    seed = f"seed {model.settings.sampling.seed}"

    def write(place: Path, pixels: NDArray[np.generic], what: str) -> str:
        write_micrograph(place, mask.processed(pixels, _step(model, what)))
        return str(place)

    mean = _pixels(model, _cut(drawn.mean, shape))
    if count == 1:
        return Synthesised(str(path), write(target, mean, seed))
    output = write(target, mean, f"mean of {count}, {seed}")
    std = target.with_name(f"{target.stem}-std.tif")
    spread = np.float32(drawn_range(model).span) * _cut(drawn.std, shape)
    deviation = write(std, spread, f"standard deviation of {count}, {seed}")
    places = [target.with_name(f"{target.stem}-sample{index + 1}.tif") for index in range(count)]
    samples = [
        write(place, _pixels(model, _cut(sample, shape)), f"sample {index + 1} of {count}, {seed}")
        for index, (place, sample) in enumerate(zip(places, drawn.samples, strict=True))
    ]
    return Synthesised(str(path), output, deviation, tuple(samples))


def _cut(image: torch.Tensor, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Turn (1, C, H, W) into (h, w, C), without the padding."""
    cut: NDArray[np.float32] = image[0, :, : shape[0], : shape[1]].permute(1, 2, 0).numpy()
    return cut


def _pixels(model: DiffusionModel, image: NDArray[np.float32]) -> Pixels:
    return np.ascontiguousarray(drawn_pixels(model, image))


def _step(model: DiffusionModel, what: str) -> ProcessingStep:
    sampling = model.settings.sampling
    told = f"{what}, {sampling.steps} steps, guidance {sampling.guidance:g}"
    return model.step.model_copy(update={"origin": Origin.SYNTHETIC, "settings": told})

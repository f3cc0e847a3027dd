"""Use case: translate micrographs to another contrast with diffusion models, without pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lcm
from pathlib import Path

import torch

from pipelines.model_ref import ModelRef
from pipelines.models import resolve_model
from pipelines.predict.batch import FileWork, OutputNames, input_files, process_files
from pipelines.predict.pixel_sizes import SAME, at_size, learned_size
from pipelines.predict.requests import TranslateRequest, TranslationMethod
from pipelines.predict.sampling import resampled
from pipelines.tracking.run_facts import manifest_of
from sem_models.config.intensity import IntensityLimits
from sem_models.errors import FieldRef, Message, UserError
from sem_models.images.intensity import UnitImage, from_unit, intensity_range, to_unit
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin
from sem_models.images.specimen import load_specimen
from sem_models.inference.diffusion.model import DiffusionModel, as_diffusion
from sem_models.inference.diffusion.unpaired import ddib, prior_of, sdedit
from sem_models.inference.scaling import Scaling, limits_like, scaling_by
from sem_models.inference.tiling.tiles import padded
from sem_models.progress import Progress, silent

_NEEDS_SOURCE: dict[TranslationMethod, bool] = {"sdedit": False, "ddib": True}
"""Whether a method needs a model of the contrast of the inputs."""


@dataclass(frozen=True)
class Translated:
    """The outcome for one file."""

    source: str
    output: str | None
    error: Message | None = None
    notes: tuple[str, ...] = ()


def translate(request: TranslateRequest, progress: Progress = silent) -> list[Translated]:
    """Write a TIFF for each input, without its data bar, in its dtype, with pixel size and provenance.

    Inputs are resampled to the pixel size that the models were trained on, which is also that of the results.

    Raises:
        UserError: A model is not a diffusion model of one channel, the method lacks its model, the models were trained
            on two pixel sizes, or no input could be used.
    """
    needs_source = _NEEDS_SOURCE[request.method]
    if needs_source != (request.source is not None):
        needs = "needs" if needs_source else "takes no"
        other = FieldRef("source", "MODEL")
        raise UserError(f"Method {request.method} {needs} ", other, ", the model of the contrast of the inputs.")
    target = contrast_model(request.to, request.changes)
    source = contrast_model(request.source, request.changes) if request.source else None
    both = [target, *([source] if source else [])]
    size, unsure = common_size(both)
    files = input_files(request.inputs, request.out)
    names = OutputNames(request.out, files, request.overwrite)
    work = _Translation(request, target.model, source.model if source else None, size, unsure, names)
    return process_files(work, files, progress, what=None)


@dataclass(frozen=True)
class _Translation(FileWork[Path, Micrograph, Translated]):
    request: TranslateRequest
    target: DiffusionModel
    source: DiffusionModel | None
    size_nm: float | None
    unsure: tuple[str, ...]
    """Notes on what is not known about the models."""
    names: OutputNames

    def pages(self, path: Path) -> list[Micrograph]:
        """Read the first page."""
        return [load_specimen(path)]

    def apply(self, path: Path, number: int, page: Micrograph, progress: Progress) -> Translated:  # noqa: ARG002
        """See `FileWork`."""
        place = self.names(path)
        drawn, notes = self._translated(page, progress)
        write_micrograph(place, drawn)
        return Translated(str(path), str(place), None, notes)

    def failed(self, path: Path, number: int, error: Message) -> Translated:  # noqa: ARG002
        """See `FileWork`."""
        return Translated(str(path), None, error)

    def _translated(self, recorded: Micrograph, progress: Progress) -> tuple[Micrograph, tuple[str, ...]]:
        stated = replace(recorded, pixel_size_nm=self.request.pixel_size_nm or recorded.pixel_size_nm)
        image, notes = at_size(stated, self.size_nm, "models")
        scaling = self._scaling(image)
        found = self._draw(to_unit(image.pixels, scaling.inputs[0]), progress)
        pixels, _ = from_unit(found, scaling.output, scaling.dtype)
        told = {"origin": Origin.TRANSLATED, "settings": ", ".join((self._how(), *notes))}
        step = scaling.noted(self.target.step.model_copy(update=told))
        warnings = (step.warning,) if step.warning else ()
        return image.processed(pixels, step), (*notes, *self.unsure, *warnings)

    def _scaling(self, image: Micrograph) -> Scaling:
        """By the limits of the model that knows the contrast of the inputs, if there is one."""
        known = self.source.limits if self.source else None
        made = self.target.limits
        limits = IntensityLimits(input=known.output if known else (), output=made.output if made else ())
        measured = limits_like(image, (intensity_range(image.pixels),))
        return scaling_by(limits, measured, Origin.TRANSLATED)

    def _draw(self, unit: UnitImage, progress: Progress) -> UnitImage:
        multiple = lcm(*(model.capabilities.size_multiple for model in (self.target, self.source) if model))
        image = torch.from_numpy(padded(unit.transpose(2, 0, 1), multiple))[None]
        if self.source is None:
            drawn = sdedit(prior_of(self.target), image, self.request.strength, self.request.seed, progress)
        else:
            drawn = ddib(prior_of(self.source), prior_of(self.target), image, progress)
        found: UnitImage = drawn[0, :, : unit.shape[0], : unit.shape[1]].permute(1, 2, 0).numpy()
        return found

    def _how(self) -> str:
        if self.source:
            return f"{self.request.method} from {self.source.name}"
        return f"{self.request.method}, strength {self.request.strength:g}, seed {self.request.seed}"


@dataclass(frozen=True)
class ContrastModel:
    """A diffusion model of one contrast, with the pixel size of its images."""

    model: DiffusionModel
    pixel_size_nm: float | None
    """Pixel size of its training images; None where they had several, or none."""


def contrast_model(ref: ModelRef, changes: Sequence[str]) -> ContrastModel:
    """Load a model with `diffusion.sampling.KEY=VALUE` changes.

    Raises:
        UserError: It is not a diffusion model, or draws colours.
    """
    resolved = resolve_model(ref)
    model = as_diffusion(resampled(resolved.model, changes))
    if model.capabilities.channels_out != 1:
        raise UserError(
            f"{model.name} draws {model.capabilities.channels_out} channels, but one grey channel is needed."
        )
    manifest = manifest_of(resolved.run_id) if resolved.run_id else None
    return ContrastModel(model, learned_size(manifest, manifest.layout.sharp_role) if manifest else None)


def common_size(contrasts: Sequence[ContrastModel]) -> tuple[float | None, tuple[str, ...]]:
    """Return the pixel size in nm that the models were trained on, as far as it is known, and notes where it is not.

    Raises:
        UserError: They were trained on two pixel sizes.
    """
    known = [contrast for contrast in contrasts if contrast.pixel_size_nm]
    sizes = [contrast.pixel_size_nm for contrast in known if contrast.pixel_size_nm]
    if sizes and max(sizes) > min(sizes) * (1 + SAME):
        said = " and ".join(f"{contrast.model.name} from {contrast.pixel_size_nm:g} nm/px" for contrast in known)
        raise UserError(
            f"The models were trained on two pixel sizes, {said}: prepare both datasets with one ",
            FieldRef("resample_nm"),
            ".",
        )
    size = sizes[0] if sizes else None
    unsure = [contrast.model.name for contrast in contrasts if size and not contrast.pixel_size_nm]
    other = "learned from several or unknown pixel sizes: that of the other model was used"
    return size, tuple(f"{name} {other}" for name in unsure)

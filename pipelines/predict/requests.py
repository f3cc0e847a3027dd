"""Requests that apply models: to files, to draw, to translate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pipelines.jobs.choice import EXECUTOR, ExecutorName
from pipelines.model_ref import BACKEND_HELP, MODEL_HELP, SCALE_HELP, STRENGTH_HELP, ModelField
from pipelines.names import OutField
from pipelines.request import Request
from sem_models.config.backend import BackendChoice
from sem_models.errors import FieldRef, UserError

DataBarChoice = Literal["cut", "keep"]
"""Cut it as in preparation, because a network that never saw writing turns it into other writing; or keep it."""
StdChoice = Literal["auto", "always", "never"]
"""Write the standard deviation of outputs where the model has learned it; where it has not, also the spread over
orientations of the input; or never."""
TranslationMethod = Literal["sdedit", "ddib"]
_INPUTS = "Image files and folders."
_OUT = "Folder for the results."
_OVERWRITE = "Replace existing results."
_SAMPLING = "diffusion.sampling.KEY=VALUE: steps or guidance, e.g. diffusion.sampling.steps=20."
_PROJECTION = (
    "Super-resolution: correct each output until it agrees with its input when downsampled. Only for inputs without "
    "noise that were downsampled as in training."
)
_STD = (
    "Standard deviation of each output, as a file of its own. auto: where the model has learned to state it, and of "
    "several models together; always: elsewhere the spread over eight orientations of the input, which takes eight "
    "times as long; never: none."
)
_ENSEMBLE = (
    "Another model of the same task, such as a run with another seed: the output is the mean over all of them, and its "
    "standard deviation their spread."
)
_SECOND_FRAME = (
    "Sharper frame of the same field at another focus: the blur to undo is measured from both, for refocusing models."
)
_FOCUS_STEP = (
    "By how much the width of the blur changes between the two focus settings, sigma in px, if known: the blur of the "
    "input itself follows, and the second frame need not be the sharper one."
)
_PIXEL_SIZE = "Pixel size of the inputs in nm; by default that in the files."
_DIFFUSION = "run id, models:/NAME@ALIAS or models:/NAME/VERSION of a diffusion model"
PixelSize = Annotated[Annotated[float, Field(ge=0)] | None, BeforeValidator(lambda size: size or None)]
"""Pixel size of all inputs; 0 and None: as the files state it."""


class ApplicationRequest(Request):
    """What every application of a model to files is asked."""

    model: ModelField = Field(description=MODEL_HELP)
    inputs: tuple[Path, ...] = Field(min_length=1, description=_INPUTS)
    out: OutField = Field(description=_OUT)
    scale: int = Field(4, ge=1, le=16, description=SCALE_HELP)
    tile_px: int | None = Field(
        None, ge=32, description="Edge of a tile in input pixels; by default chosen automatically."
    )
    backend: BackendChoice = Field("auto", description=BACKEND_HELP)
    databar: DataBarChoice = Field(
        "cut", description="The instrument's data bar: cut it as in preparation, or keep it."
    )
    changes: tuple[str, ...] = Field((), description="diffusion.sampling.KEY=VALUE, for diffusion models.")
    projection: bool = Field(False, description=_PROJECTION)
    strength_px: float | None = Field(None, ge=0, description=STRENGTH_HELP)
    extra_inputs: tuple[Path, ...] = Field(
        (), description="Extra inputs, matched by name; their channels follow those of the first."
    )
    ensemble: tuple[ModelField, ...] = Field((), description=_ENSEMBLE)
    std: StdChoice = Field("auto", description=_STD)


class PredictRequest(ApplicationRequest):
    """Apply a model to images or label maps."""

    use_case: ClassVar[str] = "predict"

    overwrite: bool = Field(False, description=_OVERWRITE)
    second_frame: Path | None = Field(None, description=_SECOND_FRAME)
    focus_step_px: float | None = Field(None, ge=0.01, description=_FOCUS_STEP)


class PredictManyRequest(ApplicationRequest):
    """Apply a model to very many images, in as many processes as have been started with this request."""

    use_case: ClassVar[str] = "predict-many"

    std: StdChoice = Field("never", description=_STD)
    retry_failed: bool = Field(False, description="Repeat the files that failed at an earlier start.")
    jobs: int = Field(
        1, ge=1, description="Number of processes, or jobs of SLURM, that share the files; 1 is this process alone."
    )
    executor: ExecutorName | None = Field(None, description=EXECUTOR)


class SynthesiseRequest(Request):
    """Draw micrographs with a diffusion model, from noise alone or from label maps."""

    use_case: ClassVar[str] = "synthesise"

    model: ModelField = Field(description=f"A {_DIFFUSION}.")
    out: OutField = Field(description=_OUT)
    count: int = Field(4, ge=1, le=99_999, description="Number of images, where there are no masks.")
    size_px: int = Field(256, ge=16, description="Height and width in px, where there are no masks.")
    masks: Path | None = Field(None, description="Label maps to draw from: a file or a folder.")
    samples: int = Field(
        1, ge=1, le=64, description="Images for each mask; several also give their mean and standard deviation."
    )
    seed: int = Field(0, ge=0, description="Equal seeds give equal images.")
    changes: tuple[str, ...] = Field((), description=_SAMPLING)
    overwrite: bool = Field(False, description=_OVERWRITE)


class TranslateRequest(Request):
    """Translate micrographs to another contrast with diffusion models that were trained without pairs."""

    use_case: ClassVar[str] = "translate"

    inputs: tuple[Path, ...] = Field(min_length=1, description=_INPUTS)
    out: OutField = Field(description=_OUT)
    to: ModelField = Field(description=f"Target contrast: {_DIFFUSION}.")
    source: ModelField | None = Field(None, description=f"Contrast of the inputs, for ddib only: {_DIFFUSION}.")
    method: TranslationMethod = Field(
        "sdedit", description="sdedit: add noise, then denoise; ddib: to noise with one model, back with the other."
    )
    strength: float = Field(0.4, ge=0.01, le=1, description="sdedit: 0 keeps the input, 1 forgets it.")
    pixel_size_nm: PixelSize = Field(None, description=_PIXEL_SIZE)
    seed: int = Field(0, ge=0, description="Equal seeds give equal images.")
    changes: tuple[str, ...] = Field((), description=_SAMPLING)
    overwrite: bool = Field(False, description=_OVERWRITE)


def _labels(value: Any) -> Any:
    """Read `A=B` texts as a mapping."""
    return dict(map(_label_pair, value)) or None if isinstance(value, Sequence) else value


def _label_pair(text: str) -> tuple[int, int]:
    try:
        first, second = text.split("=")
        return int(first), int(second)
    except ValueError as error:
        example = FieldRef("mapping", "255=1")
        raise UserError(
            FieldRef("mapping", text), ": write it as A=B with whole numbers, for example ", example, "."
        ) from error


class MaskTranslationRequest(Request):
    """Translate micrographs to another contrast by way of a mask: segment them, then draw from the mask."""

    use_case: ClassVar[str] = "bridge"

    inputs: tuple[Path, ...] = Field(min_length=1, description="Micrographs, files or folders.")
    segmenter: ModelField = Field(description="Segmentation model of the contrast of the inputs.")
    synthesiser: ModelField = Field(description="Synthesis model of the other contrast.")
    out: OutField = Field(description=_OUT)
    mapping: Annotated[dict[int, int] | None, BeforeValidator(_labels)] = Field(
        None, description="A=B: label A of the segmenter becomes label B of the synthesiser."
    )
    pixel_size_nm: PixelSize = Field(None, description=_PIXEL_SIZE)
    overwrite: bool = Field(False, description=_OVERWRITE)


class DemoRequest(Request):
    """Restore simulated micrographs with the starter models."""

    use_case: ClassVar[str] = "demo"

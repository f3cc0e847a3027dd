"""What can be asked of a model: apply it to files, draw, translate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pipelines.model_ref import MODEL_HELP, SCALE_HELP, ModelField
from pipelines.request import Request
from sem_models.errors import FieldRef, UserError

DataBarChoice = Literal["cut", "keep"]
"""Cut as `prepare` does, because a network that never saw writing makes other writing of it; or keep it."""
TranslationMethod = Literal["sdedit", "ddib"]
_INPUTS = "Image files and folders."
_OUT = "Folder for the results."
_OVERWRITE = "Replace results that are there."
_SAMPLING = "diffusion.sampling.KEY=VALUE: steps or guidance, e.g. diffusion.sampling.steps=20."
_PIXEL_SIZE = "Pixel size of the inputs in nm."
_DIFFUSION = "run id, models:/NAME@ALIAS or models:/NAME/VERSION of a diffusion model"
PixelSize = Annotated[Annotated[float, Field(ge=0)] | None, BeforeValidator(lambda size: size or None)]
"""Of all inputs, where the files do not say; 0 and None: as the files say."""


class PredictRequest(Request):
    """Apply a model to images or label maps."""

    use_case: ClassVar[str] = "predict"

    model: ModelField = Field(description=MODEL_HELP)
    inputs: tuple[Path, ...] = Field(min_length=1, description=_INPUTS)
    out: Path = Field(description=_OUT)
    scale: int = Field(4, ge=1, le=16, description=SCALE_HELP)
    tile_px: int | None = Field(None, ge=32, description="Edge of a tile in input pixels; chosen by itself.")
    databar: DataBarChoice = Field("cut", description="The instrument's data bar: cut as `prepare` does, or keep it.")
    overwrite: bool = Field(False, description=_OVERWRITE)
    changes: tuple[str, ...] = Field((), description="diffusion.sampling.KEY=VALUE, of a diffusion model.")
    extra_inputs: tuple[Path, ...] = Field(
        (), description="Further inputs, matched by name: their channels follow those of the first. Repeat."
    )


class SynthesiseRequest(Request):
    """Draw micrographs by a diffusion model, out of noise alone or after label maps."""

    use_case: ClassVar[str] = "synthesise"

    model: ModelField = Field(description=f"A {_DIFFUSION}.")
    out: Path = Field(description=_OUT)
    count: int = Field(4, ge=1, le=99_999, description="Images, where there are no masks.")
    size_px: int = Field(256, ge=16, description="Height and width in px, where there are no masks.")
    masks: Path | None = Field(None, description="Label maps to draw after: a file or a folder.")
    samples: int = Field(1, ge=1, le=64, description="Images for each mask; of several also mean and deviation.")
    seed: int = Field(0, ge=0, description="Equal seeds give equal images.")
    changes: tuple[str, ...] = Field((), description=_SAMPLING)
    overwrite: bool = Field(False, description=_OVERWRITE)


class TranslateRequest(Request):
    """Redraw micrographs in another contrast by diffusion models that never saw pairs."""

    use_case: ClassVar[str] = "translate"

    inputs: tuple[Path, ...] = Field(min_length=1, description=_INPUTS)
    out: Path = Field(description=_OUT)
    to: ModelField = Field(description=f"Target contrast: {_DIFFUSION}.")
    source: ModelField | None = Field(None, description="Contrast of the inputs: likewise, for ddib alone.")
    method: TranslationMethod = Field(
        "sdedit", description="Noise and redraw, or noise of one model drawn by the other."
    )
    strength: float = Field(0.4, ge=0.01, le=1, description="sdedit: 0 keeps the input, 1 forgets it.")
    pixel_size_nm: PixelSize = Field(None, description=_PIXEL_SIZE)
    seed: int = Field(0, ge=0, description="Equal seeds give equal images.")
    changes: tuple[str, ...] = Field((), description=_SAMPLING)
    overwrite: bool = Field(False, description=_OVERWRITE)


def _labels(value: Any) -> Any:
    """`A=B` texts as a mapping."""
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
    """Redraw micrographs in another contrast: find their mask, draw from it."""

    use_case: ClassVar[str] = "bridge"

    inputs: tuple[Path, ...] = Field(min_length=1, description="Micrographs, files or folders.")
    segmenter: ModelField = Field(description="Segmentation model of the contrast of the inputs.")
    synthesiser: ModelField = Field(description="Synthesis model of the other contrast.")
    out: Path = Field(description=_OUT)
    mapping: Annotated[dict[int, int] | None, BeforeValidator(_labels)] = Field(
        None, description="A=B: label A of the segmenter is B of the synthesiser. Repeat."
    )
    pixel_size_nm: PixelSize = Field(None, description=_PIXEL_SIZE)
    overwrite: bool = Field(False, description=_OVERWRITE)

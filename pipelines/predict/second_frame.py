"""The blur of an input, measured with a second frame of the same field at another focus, for models that undo it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.predict.batch import input_files
from pipelines.predict.requests import PredictRequest
from sem_models.errors import FieldRef, UserError
from sem_models.evaluation.blur_difference import BlurDifference, blur_difference
from sem_models.images.micrograph import Micrograph
from sem_models.images.specimen import load_specimen
from sem_models.inference.model import UnitModel, recipe_of
from sem_models.inference.told_width import ToldWidthModel, at_strength

_SAME_PIXELS = 0.01
_TRAINED = 0.15
"""A width may differ from that of the training by this fraction, as the widths that networks are told in training."""
_SURE = 2.0
_CLIPPED = 0.05
"""Share of clipped pixels above which the relative width is too small by more than its standard error: by 1 % at this
share, 2 % at twice this share, 5 to 13 % where half of the pixels are clipped (simulated textures, both frames)."""


@dataclass(frozen=True)
class MeasuredBlur:
    """The width of the blur of an input, sigma of a Gaussian in px, with its standard error."""

    width_px: float
    error_px: float
    clipped: float
    """Share of clipped pixels in the frame that has more of them."""


def measured_blur(request: PredictRequest, files: Sequence[Path]) -> MeasuredBlur | None:
    """Measure the blur of the first page of the input with the second frame; None if the request names none.

    Without a focus step, the width is that relative to the second frame, the least that the input can have.

    Args:
        request: May name a folder instead of a file, if it holds one image.
        files: The inputs that were found.

    Raises:
        UserError: The request contradicts itself, the frames do not belong together or have no texture, or the input
            is the sharper one.
    """
    _refuse_contradictions(request)
    if request.second_frame is None:
        return None
    seconds = input_files([request.second_frame], request.out)
    if len(files) != 1 or len(seconds) != 1:
        raise UserError(
            FieldRef("second_frame"),
            " is one image and belongs to one input; give other inputs the strength that was measured for it: ",
            FieldRef("strength_px"),
            ".",
        )
    image, other = load_specimen(files[0]), load_specimen(seconds[0])
    _require_same_pixels(image, other)
    found = blur_difference(image.pixels[..., 0], other.pixels[..., 0])
    return _width(found, request.focus_step_px, files[0], seconds[0])


def _refuse_contradictions(request: PredictRequest) -> None:
    second = FieldRef("second_frame")
    if request.second_frame is None:
        if request.focus_step_px is not None:
            raise UserError(FieldRef("focus_step_px"), " is about two frames; give the other one as ", second, ".")
        return
    if request.strength_px is not None:
        raise UserError("The strength is measured with ", second, "; leave out ", FieldRef("strength_px"), " or that.")


def _require_same_pixels(image: Micrograph, other: Micrograph) -> None:
    sizes = image.pixel_size_nm, other.pixel_size_nm
    if sizes[0] and sizes[1] and abs(sizes[0] / sizes[1] - 1) > _SAME_PIXELS:
        raise UserError(
            f"The two frames have pixels of {sizes[0]:g} and {sizes[1]:g} nm; give frames of one magnification."
        )


def _width(found: BlurDifference, step_px: float | None, path: Path, second: Path) -> MeasuredBlur:
    if step_px is not None:
        return MeasuredBlur(round(found.width_px(step_px), 2), found.width_error_px(step_px), found.clipped)
    if found.is_sharper:
        raise UserError(
            f"{path.name} is sharper than {second.name}, so its own blur is not known; exchange the two, or give ",
            FieldRef("focus_step_px"),
            ".",
        )
    return MeasuredBlur(round(found.relative_width_px, 2), found.relative_error_px, found.clipped)


def told_blur(model: UnitModel, blur: MeasuredBlur) -> UnitModel:
    """Return the model that undoes the measured blur; one that cannot be told any width is returned as it is.

    Raises:
        UserError: The blur is wider than the model learned to undo, or the model knows no width of a Gaussian blur.
    """
    if not isinstance(model, ToldWidthModel):
        _trained_widths(model)
        return model
    largest = model.strength.largest_px
    if blur.width_px > largest:
        raise UserError(
            f"A blur of {blur.width_px:g} ± {blur.error_px:.2g} px was measured, but {model.name} learned to undo at "
            f"most {largest:g} px; undo a part of it with ",
            FieldRef("strength_px", f"{largest:g}"),
            " instead of a second frame.",
        )
    return at_strength(model, blur.width_px)


def caveats(model: UnitModel, blur: MeasuredBlur) -> tuple[str, ...]:
    """Say what speaks against the measured width, and against the model that shall undo it."""
    return tuple(filter(None, (_clipping(blur), _misfit(model, blur))))


def _clipping(blur: MeasuredBlur) -> str:
    if blur.clipped < _CLIPPED:
        return ""
    return (
        f"{blur.clipped:.0%} of the pixels of a frame are clipped to black or white, so the measured difference of the "
        "blur is wrong, usually too small; record both frames with less contrast"
    )


def _misfit(model: UnitModel, blur: MeasuredBlur) -> str:
    """Say that a model that cannot be told learned to undo another blur; empty if it fits."""
    if isinstance(model, ToldWidthModel):
        return ""
    low, high = _trained_widths(model)
    free = _SURE * blur.error_px
    if low * (1 - _TRAINED) - free <= blur.width_px <= high * (1 + _TRAINED) + free:
        return ""
    trained = f"{low:g} px" if low == high else f"{low:g} to {high:g} px"
    return f"{model.name} learned to undo a blur of {trained}, but {blur.width_px:g} px were measured"


def _trained_widths(model: UnitModel) -> tuple[float, float]:
    """Return the widths of the Gaussian blur that a model learned to undo."""
    recipe = recipe_of(model)
    blur = recipe.degradation.blur if recipe else None
    if blur is None or blur.kernel != "gaussian":
        raise UserError(
            FieldRef("second_frame"),
            f": {model.name} did not learn to undo a Gaussian blur; choose a model that did, such as one of recipe "
            "refocus-strength, or leave it out.",
        )
    return blur.size_px

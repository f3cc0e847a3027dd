"""From the grey levels of a file to unit intensity and back: which intensity limits are applied to a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sem_models.config.intensity import IntensityLimits, TypeLimits, limits_of_type
from sem_models.images.databar import without_databar
from sem_models.images.intensity import IntensityRange, UnitImage, from_unit
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.images.stack import part_limits
from sem_models.inference.model import UnitModel, limits_of

_BEYOND = 4.0
"""How far a file may reach beyond the limits of a model, in units of their span. Noise of 1 e/px reaches that far."""
_NARROWEST = 0.1
"""Least fraction of the limits of a model that a file must span: 12-bit data in a 16-bit file does not."""
_Pairs = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Scaling:
    """The grey levels that become 0 and 1 in one file, and in the output made from it."""

    inputs: tuple[IntensityRange, ...]
    """One for each file that contributes channels."""
    output: IntensityRange
    dtype: np.dtype[Any]
    """Data type of the output."""
    settings: str
    """Describes the limits in the history of the output."""
    warning: str = ""
    """Why they are not those of the training; empty if they are, or if the model has none."""

    def noted(self, step: ProcessingStep) -> ProcessingStep:
        """Return the step with these limits among its settings."""
        return step.with_settings(last=self.settings).model_copy(update={"warning": self.warning})


def measured_limits(micrograph: Micrograph) -> TypeLimits:
    """Measure robust limits of a file without its data bar, a pair for each file that it was assembled from."""
    # Black and white writing would stretch the percentiles; in training the bar was cut.
    return limits_like(micrograph, part_limits(without_databar(micrograph).pixels, micrograph.parts))


def limits_like(micrograph: Micrograph, parts: Sequence[IntensityRange]) -> TypeLimits:
    """Return these limits of the parts of a micrograph, with its data type."""
    return TypeLimits(dtype=str(micrograph.pixels.dtype), parts=tuple((own.lo, own.hi) for own in parts))


def scaling_for(model: UnitModel, measured: TypeLimits, origin: Origin = Origin.RESTORED) -> Scaling:
    """Choose the scaling of a file: the limits that the model was trained with, if the file is compatible with them.

    A file is compatible if the model learned from its data type and its own limits overlap those of the training, span
    at least a tenth of them and reach at most four spans beyond them. Any other file, such as one of another
    instrument, is scaled by its own limits, and the result says so. A restored image then keeps the units of the file;
    a translated image is always in the units of the images that the model learned to produce.

    Args:
        model: Baselines and models of versions before 0.2 have no limits: each file is scaled by its own, which also
            apply to the output.
        measured: Limits of the file alone (`measured_limits`).
        origin: Kind of the output: restored, translated or synthetic.
    """
    return scaling_by(limits_of(model) or IntensityLimits(), measured, origin)


def scaling_by(limits: IntensityLimits, measured: TypeLimits, origin: Origin) -> Scaling:
    """Choose as `scaling_for` does, by limits that may combine the input of one model and the output of another."""
    if not limits.input:
        made = None if origin.shows_what_was_recorded else output_type(limits, measured.dtype)
        return _by_file(measured, made.parts[0], made.dtype) if made else _as_recorded(measured)
    known = limits_of_type(limits.input, measured.dtype)
    trained = known and fitting(known, measured)
    if trained:
        made = output_type(limits, measured.dtype) or TypeLimits(dtype=measured.dtype, parts=trained)
        return _scaling(trained, made.parts[0], made.dtype, "the training")
    usual = known or limits.input[0]
    warning = _warning(usual, measured)
    made = output_type(limits, usual.dtype)
    if made is None:
        return _as_recorded(measured, warning)
    if not origin.shows_what_was_recorded:
        return _by_file(measured, made.parts[0], made.dtype, warning)
    return _by_file(measured, _carried_over(made.parts[0], usual.parts[0], measured.parts[0]), measured.dtype, warning)


def fitting(known: TypeLimits, measured: TypeLimits) -> _Pairs | None:
    """Return the known limits for a file of the same type, a pair for each part; None if the file is not compatible."""
    parts = known.parts
    if len(parts) != len(measured.parts):
        # The channels of one page can replace several files only if these share one pair of limits.
        if len(set(parts)) > 1:
            return None
        parts = parts[:1] * len(measured.parts)
    return parts if all(map(_compatible, parts, measured.parts)) else None


def output_type(limits: IntensityLimits, dtype: str) -> TypeLimits | None:
    """Return the output limits for an input of this type: those of the same type, else the first; None for masks."""
    return limits_of_type(limits.output, dtype) or next(iter(limits.output), None)


def drawn_range(model: UnitModel) -> IntensityRange:
    """Return the limits of images that a model draws without a recorded input."""
    limits = limits_of(model)
    return IntensityRange(*limits.output[0].parts[0]) if limits and limits.output else IntensityRange(0.0, 255.0)


def drawn_pixels(model: UnitModel, unit: UnitImage) -> Pixels:
    """Convert a drawn image in [0, 1] to the type and units that the model learned from, else to 8 bit."""
    limits = limits_of(model)
    if limits is None or not limits.output:
        return np.rint(unit * 255).astype(np.uint8)
    return from_unit(unit, drawn_range(model), np.dtype(limits.output[0].dtype))[0]


def _compatible(known: tuple[float, float], measured: tuple[float, float]) -> bool:
    limits = IntensityRange(*known)
    lo, hi = ((value - limits.lo) / limits.span for value in measured)
    return -_BEYOND <= lo < 1 and 0 < hi <= 1 + _BEYOND and hi - lo >= _NARROWEST


def _carried_over(
    made: tuple[float, float], trained: tuple[float, float], measured: tuple[float, float]
) -> tuple[float, float]:
    """Convert output limits to the units of a file, by the map between the input limits of training and file."""
    old, new = IntensityRange(*trained), IntensityRange(*measured)
    lo, hi = ((value - old.lo) / old.span * new.span + new.lo for value in made)
    return lo, hi


def _as_recorded(measured: TypeLimits, warning: str = "") -> Scaling:
    """Scale the output like the first input."""
    return _by_file(measured, measured.parts[0], measured.dtype, warning)


def _by_file(measured: TypeLimits, output: tuple[float, float], dtype: str, warning: str = "") -> Scaling:
    return _scaling(measured.parts, output, dtype, "this file", warning)


def _scaling(inputs: _Pairs, output: tuple[float, float], dtype: str, whose: str, warning: str = "") -> Scaling:
    given, made = " and ".join(dict.fromkeys(map(_named, inputs))), _named(output)
    settings = f"intensity limits of {whose}: {given}"
    if made != given:
        settings += f", output {made}"
    ranges = tuple(IntensityRange(*pair) for pair in inputs)
    return Scaling(ranges, IntensityRange(*output), np.dtype(dtype), settings, warning)


def _warning(known: TypeLimits, measured: TypeLimits) -> str:
    trained, own = (" and ".join(map(_named, limits.parts)) for limits in (known, measured))
    return (
        f"The model learned from {known.dtype} images with intensity limits {trained}; this file ({measured.dtype}, "
        f"{own}) is not compatible with them and was scaled by its own limits: check the grey levels of the output."
    )


def _named(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.6g} to {pair[1]:.6g}"

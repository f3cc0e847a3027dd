"""What the description of a BioImage.IO package says about processing and sizes, in the terms of our settings.

Descriptions are of version 0.5 of the specification, to which its library converts older ones.
"""

from pathlib import Path
from typing import Any

from sem_models.config.intensity import IntensityLimits, RoleLimits, TypeLimits
from sem_models.config.networks.onnx_graph import (
    Clip,
    Linear,
    OnnxGraphConfig,
    Percentiles,
    Sigmoid,
    Standardise,
    Step,
)
from sem_models.errors import UserError

Processing = tuple[tuple[Step, ...], tuple[Step, ...], IntensityLimits | None]


def processing_of(path: Path, given: Any, made: Any) -> Processing:
    """Return the steps before and after the network, and the grey levels that become 0 and 1 if these are fixed.

    Grey levels are fixed if the first step is linear, or if the input consists of integers and is not normalised image
    by image. The first linear step, and the last one after the network, are then left out: limits stand for them.

    Raises:
        UserError: A step is not known here, or is set in a way that is not.
    """
    before, after = _steps(path, given.preprocessing), _steps(path, made.postprocessing)
    dtype, first = str(given.data.type), before[0] if before else None
    if isinstance(first, Linear):
        del before[0]
    elif dtype == "float32" or isinstance(first, Standardise | Percentiles):
        return tuple(before), tuple(after), None
    else:
        first = Linear(gain=1, offset=0)
    limits = -first.offset / first.gain, (1 - first.offset) / first.gain
    outputs = limits
    if after and isinstance(last := after[-1], Linear):
        del after[-1]
        outputs = last.offset, last.offset + last.gain
    fixed = IntensityLimits(input=_of_type(dtype, limits), output=_of_type(dtype, outputs))
    return tuple(before), tuple(after), fixed


def _of_type(dtype: str, limits: tuple[float, float]) -> RoleLimits:
    return (TypeLimits(dtype=dtype, parts=(limits,)),)


def _steps(path: Path, described: Any) -> list[Step]:
    return [_step(path, each) for each in described if each.id != "ensure_dtype"]


def _step(path: Path, described: Any) -> Step:
    settings = described.kwargs
    axes = getattr(settings, "axes", None)
    per_image = axes is None or {"y", "x"} <= {str(axis) for axis in axes}
    match described.id:
        case "scale_linear" if _is_number(settings.gain) and _is_number(settings.offset):
            return Linear(gain=settings.gain, offset=settings.offset)
        case "fixed_zero_mean_unit_variance" if _is_number(settings.mean) and _is_number(settings.std):
            return Linear(gain=1 / settings.std, offset=-settings.mean / settings.std)
        case "clip" if settings.min is not None and settings.max is not None:
            return Clip(lo=settings.min, hi=settings.max)
        case "sigmoid":
            return Sigmoid()
        case "zero_mean_unit_variance" if per_image:
            return Standardise(eps=settings.eps)
        case "scale_range" if per_image and settings.reference_tensor is None:
            return Percentiles(lower=settings.min_percentile, upper=settings.max_percentile, eps=settings.eps)
    raise UserError(f"{path} states the processing step {described.id!r}, which cannot be applied here as it is set.")


def _is_number(value: Any) -> bool:
    """Whether a setting is one number, not one for each channel."""
    return isinstance(value, float | int)


def sizes_of(path: Path, given: Any) -> tuple[int, int]:
    """Return the multiple that both edges of an image must be of, and the least edge, in px.

    Raises:
        UserError: The package takes images of other sizes.
    """
    down, across = (axis.size for axis in given.axes[2:])
    step = getattr(down, "step", None)
    if step is None or down != across or down.min % step:
        raise UserError(
            f"{path} takes images of {down} times {across} px; only networks for all multiples of one number can be "
            "applied."
        )
    return int(step), int(down.min)


def scale_of(path: Path, given: Any, made: Any) -> int:
    """Return how many output pixels an input pixel becomes along each axis.

    Raises:
        UserError: The size of the output is no whole multiple of that of the input, the same for both axes.
    """
    scales = set()
    for before, after in zip(given.axes[2:], made.axes[2:], strict=True):
        same_axis = str(getattr(after.size, "axis_id", "")) == str(before.id) and not after.size.offset
        scales.add(before.scale / after.scale if same_axis else 0)
    scale = scales.pop()
    if scales or not scale or round(scale) != scale:
        raise UserError(f"{path}: its output is no whole multiple of the size of its input, so it cannot be applied.")
    return round(scale)


def halo_of(made: Any, config: OnnxGraphConfig) -> int | None:
    """Return the stated halo in input pixels, rounded up to what the network takes; None if none is stated."""
    stated = max(getattr(axis, "halo", 0) for axis in made.axes[2:])
    unit = config.scale * config.size_multiple
    return -(-stated // unit) * config.size_multiple or None

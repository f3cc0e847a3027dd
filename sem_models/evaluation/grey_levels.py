"""The output of a model for an image of a dataset, in the units of the image that it is compared with."""

import numpy as np

from sem_models.config.intensity import IntensityLimits, TypeLimits, limits_of_type
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry
from sem_models.images.intensity import IntensityRange, UnitImage, rescaled
from sem_models.inference.model import UnitModel, limits_of, recipe_of
from sem_models.inference.predictor import Predictor
from sem_models.inference.scaling import fitting


def shared_limits(dataset: Dataset, given: tuple[Entry, Role], made: tuple[Entry, Role]) -> IntensityLimits | None:
    """Return the limits of the image that a method gets, and of the image that its output is compared with.

    None if each image of a role has its own limits, as in datasets of versions before 0.2.
    """
    if not all(dataset.manifest.limits(role) for _, role in (given, made)):
        return None
    first, second = (entry.array(role).limits for entry, role in (given, made))
    return IntensityLimits(input=(first,), output=(second,))


def unit_output(predictor: Predictor, image: UnitImage, limits: IntensityLimits | None) -> UnitImage:
    """Apply a model to an image of a dataset; returns (C, H, W) in the unit intensity of the target.

    A trained model sees the image scaled by the limits that it was trained with, and its output is converted back, as
    in `predict`; the output of a baseline has the units of its input. If a model has no limits for such grey levels, or
    was trained before limits were stored with models, the unit intensity of the dataset is used unchanged.

    Args:
        predictor: Predictor of the model.
        image: (C, h, w) in unit intensity.
        limits: Limits of `image` and of its target; with None nothing is converted.
    """
    own = _limits_here(predictor.model, limits) if limits else None
    if limits is None or own is None:
        return predictor.predict_unit(image)
    seen = image
    if limits.input and own.input != limits.input:
        pairs = zip(limits.input[0].parts, own.input[0].parts, strict=True)
        ranges = [(IntensityRange(*old), IntensityRange(*new)) for old, new in pairs]
        channels = zip(image, ranges if len(ranges) > 1 else ranges * len(image), strict=True)
        seen = np.stack([rescaled(channel, old, new) for channel, (old, new) in channels])
    made = predictor.predict_unit(seen)
    if not limits.output:
        return made
    old, new = (IntensityRange(*side.output[0].parts[0]) for side in (own, limits))
    return rescaled(made, old, new)


def has_limits_for(model: UnitModel, limits: IntensityLimits) -> bool:
    """Return whether `unit_output` converts grey levels between `limits` and those of a model, or leaves 0 and 1."""
    return _limits_here(model, limits) is not None


def _limits_here(model: UnitModel, limits: IntensityLimits) -> IntensityLimits | None:
    """Return the limits of the model for an image with `limits`; None if it has none for such an image."""
    known = limits_of(model)
    if known is None:
        return _same_units(limits) if recipe_of(model) is None else None
    given: tuple[TypeLimits, ...] = ()
    if limits.input and known.input:
        recorded = limits.input[0]
        learned = limits_of_type(known.input, recorded.dtype)
        parts = fitting(learned, recorded) if learned else None
        if parts is None:
            return None
        given = (TypeLimits(dtype=recorded.dtype, parts=tuple(parts)),)
    made = limits_of_type(known.output, limits.output[0].dtype) if limits.output else None
    if limits.output and made is None:
        return None
    return IntensityLimits(input=given or limits.input, output=(made,) if made else ())


def _same_units(limits: IntensityLimits) -> IntensityLimits | None:
    """Return the limits of a method that keeps grey levels, if input and target have one data type."""
    if not limits.input or not limits.output or limits.input[0].dtype != limits.output[0].dtype:
        return None
    return IntensityLimits(input=limits.input, output=limits.input)

"""What a model makes of an image of a dataset, in the units of the image that the output is compared with."""

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
    """Intensity limits of the image that a method is given, and of the one that its output is compared with.

    None where the images of a role have limits of their own each: what is known of them does not reach further then.
    """
    if not all(dataset.manifest.limits(role) for _, role in (given, made)):
        return None
    first, second = (entry.array(role).limits for entry, role in (given, made))
    return IntensityLimits(input=(first,), output=(second,))


def unit_output(predictor: Predictor, image: UnitImage, limits: IntensityLimits | None) -> UnitImage:
    """(C, H, W) output of a model for an image of a dataset, in the unit intensity of the target.

    A trained model sees the image by the limits that it was trained with and answers in them, as it does in
    `predict`; a baseline answers in the units of its input. Where a model does not know grey levels like these, or
    was trained before limits were stored with models, 0 and 1 of the dataset are taken for those of the model.

    Args:
        predictor: Of the model.
        image: (C, h, w) in unit intensity.
        limits: What stands for 0 and 1 in `image` and in its target; None: nothing is known, nothing is converted.
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


def _limits_here(model: UnitModel, limits: IntensityLimits) -> IntensityLimits | None:
    """The limits by which the model sees an image with `limits` and answers; None where they say nothing of it."""
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
    """Of a method that leaves grey levels what they are, if input and target are counted in one type."""
    if not limits.input or not limits.output or limits.input[0].dtype != limits.output[0].dtype:
        return None
    return IntensityLimits(input=limits.input, output=limits.input)

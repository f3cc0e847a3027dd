"""Intensity limits of a trained model: the grey levels that became 0 and 1 in the images that it learned from."""

from sem_models.config.frozen import Frozen


class TypeLimits(Frozen):
    """The limits of all images of one role that have one data type."""

    dtype: str
    parts: tuple[tuple[float, float], ...]
    """Grey levels that become 0 and 1: a pair for each file that contributes channels, or a single pair."""


RoleLimits = tuple[TypeLimits, ...]
"""One item for each data type of the role; empty for masks."""


class IntensityLimits(Frozen):
    """The limits of the input and the output of a model."""

    input: RoleLimits = ()
    output: RoleLimits = ()

    @property
    def swapped(self) -> "IntensityLimits":
        """Return the limits of the opposite direction."""
        return IntensityLimits(input=self.output, output=self.input)


def limits_of_type(limits: RoleLimits, dtype: str) -> TypeLimits | None:
    """Return the limits of one data type; None if the role has no image of that type."""
    return next((own for own in limits if own.dtype == dtype), None)

"""Intensity limits of a trained model: which grey levels stood for 0 and 1 in the images that it learned from."""

from sem_models.config.frozen import Frozen


class TypeLimits(Frozen):
    """The limits of all images of one role that have one data type."""

    dtype: str
    parts: tuple[tuple[float, float], ...]
    """Grey levels that stand for 0 and 1, a pair for each file that gives channels; one pair where one file gives all.
    """


RoleLimits = tuple[TypeLimits, ...]
"""One item for each data type that the role has; empty where the role is a mask."""


class IntensityLimits(Frozen):
    """The limits of what goes into a model and of what comes out of it."""

    input: RoleLimits = ()
    output: RoleLimits = ()

    @property
    def swapped(self) -> "IntensityLimits":
        """Those of the opposite direction."""
        return IntensityLimits(input=self.output, output=self.input)


def limits_of_type(limits: RoleLimits, dtype: str) -> TypeLimits | None:
    """The limits of one data type; None where the role has no image of that type."""
    return next((own for own in limits if own.dtype == dtype), None)

"""How far the input really matters to a trained network, measured."""

from pydantic import Field

from sem_models.config.frozen import Frozen

EXACT = 1e-5
"""Difference between tiles and whole image up to which they count as equal, as a fraction of the output's range."""


class MeasuredHalo(Frozen):
    """The halo with which tiles of one network were found to equal the whole image, or to come as near as stated."""

    px: int = Field(ge=0)
    """In input pixels."""
    error: float = Field(ge=0)
    """Largest difference from the whole image that was found beyond it, as a fraction of the range of the output."""
    software: str
    """Version of this program that measured it."""

"""What a blind-spot model must know to use recorded values: the noise, and how much of its residual is noise."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from sem_models.config.frozen import Frozen

SEARCH_PX, PATCH_PX = 6, 2
"""Half edges of the window that is searched for similar places, and of the patches that are compared."""
ACTIVITY_REACH_PX = 1
"""Half edge, in px, of the window in which the activity around a pixel is measured."""
_DARKEST = 1e-3
"""Fraction of the variance at white below which the noise of dark pixels is not extrapolated."""


def _ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise ValueError("the values must be ascending")
    return values


Knots = Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(_ascending)]


class PixelPosterior(Frozen):
    """The measured noise of the training images, and how to estimate the noise of a pixel from residuals.

    The residual is the recorded value minus the prediction. How much of it is structure that the prediction missed
    depends on the activity around a pixel: the standard deviation of the prediction divided by that of the noise. All
    intensities are in unit intensity. Stored with the weights, because it belongs to them.
    """

    gain: float = Field(ge=0)
    offset: float = Field(ge=0)
    """The variance of the noise is `gain` x signal + `offset`."""
    activity: Knots
    """Activities between which the filters are interpolated."""
    filters: tuple[tuple[tuple[float, ...], ...], ...]
    """For each activity the weights, row by row, with which the residuals around a pixel add up to its noise."""

    similarity_filters: tuple[tuple[tuple[float, ...], ...], ...] | None = None
    """The same for residuals of the mean over similar places (`self_similarity`); None for models of before."""

    @model_validator(mode="after")
    def _is_sound(self) -> "PixelPosterior":
        if len(self.filters) != len(self.activity):
            raise ValueError("there must be one filter for each activity")
        edge = len(self.filters[0])
        every = self.filters + (self.similarity_filters or self.filters)
        if edge % 2 == 0 or any(len(rows) != edge or {len(row) for row in rows} != {edge} for rows in every):
            raise ValueError("filters must be squares of one odd size")
        if len(every) != 2 * len(self.activity):
            raise ValueError("there must be as many similarity filters as filters")
        if self.gain + self.offset <= 0:
            raise ValueError("gain and offset must not both be 0")
        return self

    @property
    def least_variance(self) -> float:
        """Variance of the noise that is assumed at least, however dark a pixel is."""
        return max(self.offset, _DARKEST * (self.gain + self.offset))

    @property
    def filter_reach_px(self) -> int:
        """Half edge of the filters, in px."""
        return len(self.filters[0]) // 2

    @property
    def reach_px(self) -> int:
        """How far around a pixel predictions are needed, in px."""
        searched = SEARCH_PX + PATCH_PX if self.similarity_filters else 0
        return max(ACTIVITY_REACH_PX, self.filter_reach_px + searched)

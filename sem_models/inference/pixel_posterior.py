"""What a blind-spot model must know to use the recorded value of a pixel: the noise, and its own error."""

from typing import Annotated

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen

REACH_PX = 2
"""Half edge, in px, of the window in which the activity around a pixel is measured."""
_DARKEST = 1e-3
"""Fraction of the variance at white below which the noise of dark pixels is not extrapolated."""

Numbers = Annotated[tuple[float, ...], Field(min_length=1)]


class PixelPosterior(Frozen):
    """The measured noise of the training images, and how to estimate the noise of a pixel from the residual.

    The residual is the recorded value minus the prediction. Activity is the standard deviation of the prediction around
    a pixel divided by that of the noise: where it is high, more of the residual is structure that the prediction
    missed. All intensities are in unit intensity. Stored with the weights, because it belongs to them.
    """

    gain: float = Field(ge=0)
    offset: float = Field(ge=0)
    """The variance of the noise is `gain` x signal + `offset`."""
    activity: Numbers
    """Activities at which the filters were fitted, ascending."""
    filters: Annotated[tuple[Numbers, ...], Field(min_length=1)]
    """For each activity the weights, along the scan line from left to right, with which the residuals around a pixel
    add up to the noise of that pixel; the one of the pixel itself is in the middle."""

    @model_validator(mode="after")
    def _is_sound(self) -> "PixelPosterior":
        if len(self.activity) != len(self.filters):
            raise ValueError("there must be one filter for each activity")
        if any(later <= earlier for earlier, later in zip(self.activity, self.activity[1:], strict=False)):
            raise ValueError("activity must be ascending")
        if len({len(filter_) for filter_ in self.filters}) != 1 or len(self.filters[0]) % 2 == 0:
            raise ValueError("filters must have one odd length")
        if self.gain + self.offset <= 0:
            raise ValueError("gain and offset must not both be 0")
        return self

    @property
    def least_variance(self) -> float:
        """Variance of the noise that is assumed at least, however dark a pixel is."""
        return max(self.offset, _DARKEST * (self.gain + self.offset))

    @property
    def reach_px(self) -> int:
        """How far around a pixel predictions are needed, in px."""
        return max(REACH_PX, len(self.filters[0]) // 2)

"""The part of an image that a figure shows."""

from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from sem_models.errors import UserError

_USUAL_PX = 256


@dataclass(frozen=True)
class Crop:
    """A square, in px of the target."""

    left: int
    top: int
    edge: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `LEFT,TOP,EDGE`; raises a `UserError` for anything else."""
        try:
            left, top, edge = (int(part) for part in text.split(","))
        except ValueError as error:
            raise UserError(f"Crop {text!r}: write LEFT,TOP,EDGE in px, for example 100,50,256.") from error
        return cls(left, top, edge)

    @classmethod
    def middle(cls, height: int, width: int) -> Self:
        """Return a square in the middle of an image, of 256 px if it is large enough."""
        edge = min(_USUAL_PX, height, width)
        return cls((width - edge) // 2, (height - edge) // 2, edge)

    def require_inside(self, height: int, width: int) -> None:
        """Raise a `UserError` unless the square is a part of an image of this size."""
        if (
            min(self.left, self.top) < 0
            or self.edge < 1
            or self.left + self.edge > width
            or self.top + self.edge > height
        ):
            asked = f"A square of {self.edge} px at {self.left}, {self.top}"
            raise UserError(f"{asked} is not inside the image of {width} x {height} px.")

    def on_grid(self, scale: int) -> "Crop":
        """Return the largest square inside that begins and ends between pixels of an image that is so much smaller."""
        left, top = (-(-place // scale) * scale for place in (self.left, self.top))
        excess = max(left - self.left, top - self.top)
        return Crop(left, top, max(1, (self.edge - excess) // scale) * scale)

    def of(self, image: NDArray[Any], scale: int = 1) -> NDArray[Any]:
        """Cut the square out of (H, W), an image that is `scale` times smaller than the target."""
        top, left, edge = self.top // scale, self.left // scale, self.edge // scale
        return image[top : top + edge, left : left + edge]

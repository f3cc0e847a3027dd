"""Layouts of datasets: which images each sample consists of, and what follows from that."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["single", "paired", "unpaired", "masked"]
Role = Literal["image", "input", "target", "mask"]


@dataclass(frozen=True)
class Layout:
    """Which images a sample of a dataset consists of."""

    roles: tuple[Role, ...]
    """Roles of the images of a sample. In an unpaired dataset each sample has only one of them."""
    sharp_role: Role
    """Role of the image that a restoration learns to return."""
    is_paired: bool = False
    """Whether the input and target of a sample show the same field."""
    is_unpaired: bool = False
    """Whether inputs and targets are separate samples, so that outputs have no reference."""
    has_masks: bool = False

    @property
    def brings_inputs(self) -> bool:
        """Whether inputs were recorded and need not be simulated."""
        return self.is_paired or self.is_unpaired

    @property
    def image_roles(self) -> tuple[Role, ...]:
        """Roles of the micrographs, without the mask."""
        return tuple(role for role in self.roles if role != "mask")

    @property
    def images_per_sample(self) -> int:
        """Number of images that each sample consists of."""
        return 1 if self.is_unpaired else len(self.roles)


LAYOUTS: dict[Kind, Layout] = {
    "single": Layout(("image",), "image"),
    "paired": Layout(("input", "target"), "target", is_paired=True),
    "unpaired": Layout(("input", "target"), "target", is_unpaired=True),
    "masked": Layout(("image", "mask"), "image", has_masks=True),
}

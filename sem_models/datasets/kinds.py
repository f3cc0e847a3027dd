"""Kinds of datasets: which images belong to a sample of each, and what follows from that."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["single", "paired", "unpaired", "masked"]
Role = Literal["image", "input", "target", "mask"]


@dataclass(frozen=True)
class Layout:
    """Which images a sample of a dataset consists of."""

    roles: tuple[Role, ...]
    """Of a sample; where samples are unrelated, each has one of them."""
    sharp_role: Role
    """What a restoration learns to give."""
    is_paired: bool = False
    """Input and target of a sample show one field."""
    is_unpaired: bool = False
    """Inputs and targets are samples of their own: outputs have no reference."""
    has_masks: bool = False

    @property
    def brings_inputs(self) -> bool:
        """Whether inputs were recorded, so that nothing has to be degraded."""
        return self.is_paired or self.is_unpaired

    @property
    def image_roles(self) -> tuple[Role, ...]:
        """Roles of micrographs."""
        return tuple(role for role in self.roles if role != "mask")

    @property
    def images_per_sample(self) -> int:
        """How many roles each sample has."""
        return 1 if self.is_unpaired else len(self.roles)


LAYOUTS: dict[Kind, Layout] = {
    "single": Layout(("image",), "image"),
    "paired": Layout(("input", "target"), "target", is_paired=True),
    "unpaired": Layout(("input", "target"), "target", is_unpaired=True),
    "masked": Layout(("image", "mask"), "image", has_masks=True),
}

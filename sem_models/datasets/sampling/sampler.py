"""Random crops, flips and quarter turns of a patch bank, in one vectorised pass on the device."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sem_models.datasets.kinds import Role
from sem_models.datasets.sampling.bank import PatchBank
from sem_models.datasets.sampling.share import WHOLE, Share
from sem_models.datasets.sampling.views import FrameViews
from sem_models.errors import UserError
from sem_models.physics.frame import Window

_TRANSPOSED = 1
"""The bit of a symmetry that transposes rows and columns; the other two bits are flips."""


class Crops(dict[Role, Tensor]):
    """The crops of each role, (N, C, p, p) float32 in unit intensity, and the positions of the N crops."""

    def __init__(
        self, images: Mapping[Role, Tensor], windows: Sequence[Window], views: FrameViews | None = None
    ) -> None:
        """Store crops of frames.

        Args:
            images: Crops by role.
            windows: One for each crop, in pixels of the sharp image. Its frame is flipped and turned as the crop is.
            views: Gives access to the frames, for what needs to know the surroundings of a crop.
        """
        super().__init__(images)
        self.windows = tuple(windows)
        self.views = views

    def of(self, chosen: list[int]) -> "Crops":
        """Return some of the crops."""
        images = {role: image[chosen] for role, image in self.items()}
        views = self.views.of(chosen) if self.views else None
        return Crops(images, [self.windows[index] for index in chosen], views)


class PatchSampler:
    """Draws batches; its whole state is one generator, so that a resumed run draws the same patches."""

    def __init__(
        self,
        bank: PatchBank,
        patch: int,
        batch: int,
        seed: int,
        scales: dict[Role, int] | None = None,
        turns: bool = True,
        share: Share = WHOLE,
    ) -> None:
        """Draw `batch` patches of `patch` pixels of the sharp image.

        Args:
            bank: Where the images are.
            patch: Edge length in pixels of a role of scale 1.
            batch: Patches in a batch.
            seed: Of the generator.
            scales: How many times smaller the images of a role are (a low-resolution input); 1 where absent.
            turns: Whether patches are also turned by quarters; not where scan lines must stay horizontal.
            share: Which of several samplers this is. All draw the same large batch, and each takes its own patches.

        Raises:
            UserError: An image is smaller than the patch.
        """
        self._bank = bank
        self._batch, self._share = batch, share
        self._scales = {role: (scales or {}).get(role, 1) for role in bank.planes}
        self._step = max(self._scales.values())
        self._patch = patch
        self._turns = turns
        self._generator = torch.Generator().manual_seed(seed)
        self._frames = self._frame_sizes()
        self._rows, self._columns = self._positions()
        self._weights = (self._rows * self._columns).double()

    def batch(self) -> Crops:
        """One (N, C, p, p) float32 tensor a role, unit scale; the same place, flip and turn in each role."""
        generator, count = self._generator, self._batch * self._share.count
        own = slice(self._batch * self._share.index, self._batch * (self._share.index + 1))
        images = torch.multinomial(self._weights, count, replacement=True, generator=generator)[own]
        uniform = torch.rand((2, count), generator=generator, dtype=torch.float64)[:, own]
        rows = (uniform[0] * self._rows[images]).long() * self._step
        columns = (uniform[1] * self._columns[images]).long() * self._step
        symmetry = torch.randint(8, (count,), generator=generator)[own]
        if not self._turns:
            symmetry = symmetry & ~_TRANSPOSED
        views = FrameViews(self._bank, self._patch, self._frames[images], images, rows, columns, symmetry)
        return Crops({role: views.crops(role, scale) for role, scale in self._scales.items()}, views.windows(), views)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the random generator, a tensor."""
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state."""
        self._generator.set_state(state["generator"])

    def _positions(self) -> tuple[Tensor, Tensor]:
        """Return the number of crop positions in each image, in steps that keep all roles on whole pixels."""
        if self._patch % self._step:
            raise UserError(
                f"Patch size {self._patch} px is not a multiple of the scale {self._step}; change train.patch."
            )
        rows, columns = ((self._frames - self._patch) // self._step + 1).unbind(1)
        self._refuse_small(torch.minimum(rows, columns))
        return rows, columns

    def _frame_sizes(self) -> Tensor:
        """Return (images, 2) heights and widths in pixels of the sharp image, for the smallest of the roles."""
        planes = self._bank.planes.items()
        sizes = [torch.stack([p.heights, p.widths], 1).cpu() * self._scales[role] for role, p in planes]
        return torch.stack(sizes).amin(dim=0)

    def _refuse_small(self, positions: Tensor) -> None:
        small = [name for name, count in zip(self._bank.names, positions.tolist(), strict=True) if count < 1]
        if small:
            raise UserError(
                f"{small[0]} is smaller than the patch of {self._patch} px; lower train.patch or leave it out."
            )

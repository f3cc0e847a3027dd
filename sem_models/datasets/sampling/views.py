"""The frames that a batch of crops was taken from, as the crops show them: flipped and turned."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sem_models.datasets.kinds import Role
from sem_models.datasets.sampling.bank import PatchBank
from sem_models.physics.frame import Window


@dataclass(frozen=True)
class FrameViews:
    """N frames, of which any part can be cut out."""

    bank: PatchBank
    patch: int
    """Edge length of the crops in pixels of the sharp image."""
    sizes: Tensor
    """(N, 2) height and width of the stored images, in pixels of the sharp image."""
    images: Tensor
    """(N,) indices in the bank."""
    rows: Tensor
    """(N,) corner of each crop in the stored image."""
    columns: Tensor
    symmetry: Tensor
    """(N,) 0 to 7: rows and columns exchanged (1), rows reversed (2), columns reversed (4)."""

    def windows(self) -> tuple[Window, ...]:
        """Return the positions of the crops in frames that are flipped and turned as the crops are."""
        swapped, *reversed_ = self._bits()
        corner = torch.stack([self.rows, self.columns], 1)
        far = self.sizes - self.patch - corner
        corner = torch.where(torch.stack(reversed_, 1), far, corner)
        corner, sizes = (torch.where(swapped[:, None], pair.flip(1), pair) for pair in (corner, self.sizes))
        patch = self.patch
        places = torch.cat([corner, sizes], 1).tolist()
        return tuple(Window(top, left, patch, patch, height, width) for top, left, height, width in places)

    def crops(self, role: Role, scale: int) -> Tensor:
        """Return (N, C, p, p) float32 in unit intensity; images of the role are `scale` times smaller."""
        axis = torch.arange(self.patch // scale).expand(len(self.images), -1)
        return self._cut(role, axis, axis, scale)

    def surroundings(self, role: Role, inner: Sequence[Window], outer: Sequence[Window]) -> Tensor:
        """Return windows beside the crops, (N, C, H, W) float32 in unit intensity, of a role of scale 1.

        Each window lies relative to its crop as `outer` lies relative to `inner`; all have one size.
        """
        corners = [(o.top - i.top, o.left - i.left) for o, i in zip(outer, inner, strict=True)]
        top, left = torch.tensor(corners).T[:, :, None]
        height, width = outer[0].height, outer[0].width
        return self._cut(role, top + torch.arange(height), left + torch.arange(width), 1)

    def means(self, role: Role) -> Tensor:
        """Return the mean of each frame in unit intensity, (N, C, 1, 1)."""
        return self.bank.planes[role].means[self.images.to(self.bank.device)][:, :, None, None]

    def of(self, chosen: list[int]) -> "FrameViews":
        """Return the views of some of the crops."""
        parts = (self.sizes, self.images, self.rows, self.columns, self.symmetry)
        return FrameViews(self.bank, self.patch, *(part[chosen] for part in parts))

    def _bits(self) -> list[Tensor]:
        return [(self.symmetry >> bit & 1).bool() for bit in range(3)]

    def _cut(self, role: Role, down: Tensor, right: Tensor, scale: int) -> Tensor:
        """Return pixels at (N, H) rows and (N, W) columns, counted from the corner of the crop as it is shown."""
        plane, device = self.bank.planes[role], self.bank.device
        images, down, right = (part.to(device) for part in (self.images, down, right))
        swapped, upside_down, mirrored = (bit.to(device)[:, None, None] for bit in self._bits())
        down, right = down[:, :, None], right[:, None, :]
        last = self.patch // scale - 1
        row, column = torch.where(swapped, right, down), torch.where(swapped, down, right)
        row, column = torch.where(upside_down, last - row, row), torch.where(mirrored, last - column, column)
        row = row + (self.rows // scale).to(device)[:, None, None]
        column = column + (self.columns // scale).to(device)[:, None, None]
        pixel = row * plane.widths[images][:, None, None] + column
        channel = torch.arange(plane.channels, device=device)
        index = plane.offsets[images][:, None, None, None] + pixel[..., None] * plane.channels + channel
        return plane.gather(images, index).permute(0, 3, 1, 2).contiguous()

"""A memory of earlier outputs, so that a discriminator does not forget them (Shrivastava et al., CVPR 2017)."""

from typing import Any

import torch
from torch import Tensor, nn


class ImagePool(nn.Module):
    """Holds up to `size` images; content, filling and random numbers all lie in its state."""

    images: Tensor

    def __init__(self, size: int, shape: tuple[int, int, int], seed: int) -> None:
        """Empty.

        Args:
            size: Images it holds; 0 passes everything through.
            shape: (C, H, W) of an image.
            seed: Of the generator that decides what is swapped.
        """
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self._filled = 0
        self._generator = torch.Generator().manual_seed(seed)

    def forward(self, new: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape, detached: once full, half of the images are swapped for stored ones."""
        if not len(self.images):
            return new.detach()
        return torch.stack([self._swap(image) for image in new.detach()])

    def _swap(self, image: Tensor) -> Tensor:
        if self._filled < len(self.images):
            self.images[self._filled] = image
            self._filled += 1
            return image
        keep, place = torch.rand(2, generator=self._generator).tolist()
        if keep < 0.5:
            return image
        index = int(place * len(self.images))
        earlier = self.images[index].clone()
        self.images[index] = image
        return earlier

    def get_extra_state(self) -> dict[str, Any]:
        """What belongs to the state besides the images."""
        return {"filled": self._filled, "generator": self._generator.get_state()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on where `get_extra_state` was taken."""
        self._filled = state["filled"]
        self._generator.set_state(state["generator"])

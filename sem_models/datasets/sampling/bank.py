"""The patch bank: all images of a split as flat tensors in native dtype, on the device if they fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import UserError
from sem_models.memory import available_bytes

_SIGNED = {"uint8": torch.uint8, "uint16": torch.int16, "uint32": torch.int32, "float32": torch.float32}
"""Torch supports few operations on wide unsigned types, so they are stored as signed types of the same width."""
_UNSIGNED_MASK = {"uint16": 0xFFFF, "uint32": 0xFFFFFFFF}
_WIDE = "uint32"
"""The type whose values float32, with 24 significant bits, does not hold."""
_SHARE_OF_MEMORY = 0.5


@dataclass(frozen=True)
class Plane:
    """All images of one role, concatenated, and where each begins."""

    values: dict[str, Tensor]
    """One flat tensor for each dtype name."""
    dtypes: tuple[str, ...]
    offsets: Tensor
    heights: Tensor
    widths: Tensor
    base: Tensor
    """(images, channels) int64, subtracted from uint32 values before they become float32: their lower intensity limits,
    rounded down."""
    lo: Tensor
    """Lower intensity limits, (images, channels), those of uint32 above `base`; `span`, of the same shape, is upper
    minus lower limit."""
    span: Tensor
    channels: int

    @cached_property
    def means(self) -> Tensor:
        """(images, channels) in unit scale; all images are read once."""
        found = []
        for image, name in enumerate(self.dtypes):
            start, size = int(self.offsets[image]), int(self.heights[image] * self.widths[image] * self.channels)
            values = self.values[name][start : start + size].reshape(1, 1, -1, self.channels)
            found.append(self._floats(values, name, torch.tensor([image]))[0, 0].double().mean(dim=0).float())
        return (torch.stack(found).to(self.lo.device) - self.lo) / self.span

    def gather(self, images: Tensor, index: Tensor) -> Tensor:
        """Return the values at flat positions `index` (N, p, p, C) of `images` (N,), as float32 in unit intensity."""
        lo, span = self.lo[images][:, None, None], self.span[images][:, None, None]
        if len(self.values) == 1:
            # Without asking which images have which type, for which the host would wait for the device.
            ((name, values),) = self.values.items()
            return (self._floats(values[index.to(values.device)], name, images).to(self.lo.device) - lo) / span
        out = torch.empty(index.shape, dtype=torch.float32, device=self.lo.device)
        for name, values in self.values.items():
            rows = torch.tensor([self.dtypes[i] == name for i in images.tolist()], device=self.lo.device)
            place = index[rows].to(values.device)
            out[rows] = self._floats(values[place], name, images[rows]).to(out.device)
        return (out - lo) / span

    def _floats(self, values: Tensor, name: str, images: Tensor) -> Tensor:
        """Return native values (N, h, w, C) of `images` (N,) as float32, those of uint32 above `base`."""
        if name != _WIDE:
            return _to_float(values, name)
        base = self.base[images][:, None, None].to(values.device)
        return ((values.long() & _UNSIGNED_MASK[name]) - base).float()


class Pixels(NamedTuple):
    """One image to be put into the bank."""

    values: NDArray[Any]
    """(H, W, C)."""
    dtype: str
    limits: tuple[float, float] | tuple[tuple[float, float], ...]
    """Intensity limits of all channels together or of each channel."""


Source = Callable[[Dataset, Entry, Role], Pixels]


def stored(dataset: Dataset, entry: Entry, role: Role) -> Pixels:
    """Return the stored array of a role."""
    array = entry.array(role)
    each = zip(array.part_channels, array.part_intensities, strict=False)
    of_channels = tuple(own for channels, own in each for _ in range(channels))
    return Pixels(dataset.array(entry, role), array.dtype, of_channels or array.intensity)


class PatchBank:
    """Images of one split, ready for random crops."""

    def __init__(
        self,
        dataset: Dataset,
        split: Split,
        roles: tuple[Role, ...],
        device: torch.device,
        entries: Sequence[Entry] | None = None,
        source: Source = stored,
    ) -> None:
        """Load the images of `roles` for every entry of a split that has them.

        Args:
            dataset: Dataset with the images.
            split: Split to load, usually `train`.
            roles: Roles to load; entries that lack one of them are left out.
            device: Device for the images, if they fit into its memory.
            entries: Entries to load; None: all entries of the split.
            source: Returns the image of an entry and role; by default the stored one.

        Raises:
            UserError: There is no such image, or the images differ in their number of channels.
        """
        # Another source can provide roles that no entry has, such as two noisy frames of one clean image.
        wanted = dataset.entries(split) if entries is None else entries
        entries = [e for e in wanted if source is not stored or all(e.has(role) for role in roles)]
        self.names = tuple(entry.name for entry in entries)
        if not self.names:
            raise UserError(f"Dataset {dataset.manifest.name!r} has no image in its {split} split; prepare it again.")
        self.device = device
        self.planes = {role: _plane(dataset, entries, role, device, source) for role in roles}


def _plane(dataset: Dataset, entries: Sequence[Entry], role: Role, device: torch.device, source: Source) -> Plane:
    images = [source(dataset, entry, role) for entry in entries]
    channels = {image.values.shape[2] for image in images}
    if len(channels) > 1:
        raise UserError(
            f"Dataset {dataset.manifest.name!r} mixes images of {sorted(channels)} channels; prepare them separately."
        )
    total = sum(image.values.nbytes for image in images)
    place = device if total < _SHARE_OF_MEMORY * _free_bytes(device) else torch.device("cpu")
    flat: dict[str, list[Tensor]] = {}
    offsets: list[int] = []
    for image in images:
        parts = flat.setdefault(image.dtype, [])
        offsets.append(sum(part.numel() for part in parts))
        signed = np.array(image.values).reshape(-1).view(_numpy_signed(image.dtype))
        parts.append(torch.from_numpy(signed))
    count = channels.pop()
    limits = torch.stack([torch.tensor(image.limits, dtype=torch.float64).expand(count, 2) for image in images])
    wide = torch.tensor([image.dtype == _WIDE for image in images])[:, None]
    base = torch.where(wide, limits[..., 0].floor(), 0.0)
    return Plane(
        values={name: torch.cat(parts).to(place) for name, parts in flat.items()},
        dtypes=tuple(image.dtype for image in images),
        offsets=torch.tensor(offsets, device=device),
        heights=torch.tensor([image.values.shape[0] for image in images], device=device),
        widths=torch.tensor([image.values.shape[1] for image in images], device=device),
        base=base.long().to(device),
        lo=(limits[..., 0] - base).float().to(device),
        span=(limits[..., 1] - limits[..., 0]).float().to(device),
        channels=count,
    )


def _numpy_signed(dtype: str) -> str:
    if dtype not in _SIGNED:
        raise UserError(f"Images of type {dtype} cannot be trained on; prepare them again from the raw files.")
    return {"uint16": "int16", "uint32": "int32"}.get(dtype, dtype)


def _to_float(values: Tensor, dtype: str) -> Tensor:
    if dtype in _UNSIGNED_MASK:
        return (values.long() & _UNSIGNED_MASK[dtype]).float()
    return values.float()


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return available_bytes()

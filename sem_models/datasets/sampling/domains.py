"""Crops of two domains that have nothing to do with one another: learning without pairs."""

from collections.abc import Sequence
from typing import Any

import torch

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry
from sem_models.datasets.sampling.bank import PatchBank
from sem_models.datasets.sampling.sampler import Crops, PatchSampler


class DomainSampler:
    """Draws images, places, flips and turns of each domain by a generator of its own."""

    def __init__(self, dataset: Dataset, patch: int, batch: int, seed: int, device: torch.device) -> None:
        """Draw `batch` patches of `patch` pixels from each domain of the training split.

        Unpaired datasets bring both domains, `input` and `target`. Of others every second specimen (image, where there
        is one specimen only), `image`, is there to be degraded and the rest is the sharp domain, `target`: nothing is
        ever seen both ways, so there is no pair.

        Raises:
            UserError: A domain is empty or an image smaller than the patch.
        """
        unpaired = dataset.manifest.layout.is_unpaired
        self._first: Role = "input" if unpaired else "image"
        self._second: Role = "target" if unpaired else "image"
        everything = dataset.entries("train")
        halves = (everything, everything) if unpaired else _apart(everything)
        banks = [
            PatchBank(dataset, "train", (role,), device, half)
            for role, half in zip((self._first, self._second), halves, strict=True)
        ]
        # The seed between the two belongs to the noise.
        self._samplers = [PatchSampler(bank, patch, batch, seed + 2 * i) for i, bank in enumerate(banks)]

    def batch(self) -> Crops:
        """`input` or `image`, and `target`: (N, C, p, p) float32, unit scale; windows and views are of the first."""
        first, second = (sampler.batch() for sampler in self._samplers)
        return Crops({self._first: first[self._first], "target": second[self._second]}, first.windows, first.views)

    def state_dict(self) -> dict[str, Any]:
        """The states of both generators."""
        return {"domains": [sampler.state_dict() for sampler in self._samplers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        for sampler, own in zip(self._samplers, state["domains"], strict=True):
            sampler.load_state_dict(own)


def _apart(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Two halves without a specimen in common: two sections of one would be nearly a pair."""
    groups = sorted({entry.group for entry in entries})
    if len(groups) == 1:
        return entries[::2], entries[1::2]
    first = set(groups[::2])
    return [e for e in entries if e.group in first], [e for e in entries if e.group not in first]

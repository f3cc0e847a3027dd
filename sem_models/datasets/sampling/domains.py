"""Independent crops of two domains, for learning without pairs."""

from collections.abc import Sequence
from typing import Any

import torch

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry
from sem_models.datasets.sampling.bank import PatchBank
from sem_models.datasets.sampling.sampler import Crops, PatchSampler
from sem_models.datasets.sampling.share import WHOLE, Share


class DomainSampler:
    """Draws the crops of each domain with a separate random generator."""

    def __init__(
        self, dataset: Dataset, patch: int, batch: int, seed: int, device: torch.device, share: Share = WHOLE
    ) -> None:
        """Draw `batch` patches of `patch` pixels from each domain of the training split.

        Unpaired datasets contain both domains, `input` and `target`. In other datasets, every second specimen (or every
        second image if there is only one specimen) belongs to the domain `image`, which is to be degraded, and the rest
        to the sharp domain, `target`. Nothing occurs in both, so there are no pairs.

        Raises:
            UserError: A domain is empty, or an image is smaller than the patch.
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
        # The seed between the two is used for the noise.
        self._samplers = [PatchSampler(bank, patch, batch, seed + 2 * i, share=share) for i, bank in enumerate(banks)]

    def batch(self) -> Crops:
        """Draw `input` or `image`, and `target`: (N, C, p, p) float32 in unit intensity; windows are of the first."""
        first, second = (sampler.batch() for sampler in self._samplers)
        return Crops({self._first: first[self._first], "target": second[self._second]}, first.windows, first.views)

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both generators."""
        return {"domains": [sampler.state_dict() for sampler in self._samplers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state."""
        for sampler, own in zip(self._samplers, state["domains"], strict=True):
            sampler.load_state_dict(own)


def _apart(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Divide entries into halves without a common specimen, two sections of which would almost be a pair."""
    groups = sorted({entry.group for entry in entries})
    if len(groups) == 1:
        return entries[::2], entries[1::2]
    first = set(groups[::2])
    return [e for e in entries if e.group in first], [e for e in entries if e.group not in first]

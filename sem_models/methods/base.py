"""The interface of a training method: what it gives the trainer, and what it requires of a recipe and a dataset."""

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.sampling.bank import PatchBank, Source, stored
from sem_models.datasets.sampling.sampler import Crops, PatchSampler
from sem_models.datasets.sampling.share import WHOLE, Share
from sem_models.errors import UserError
from sem_models.methods.calibration import Calibration
from sem_models.methods.stages import RESTORER, Stage, one_stage

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Batch = dict[str, Tensor]
"""`input` (N, C, h, w) and `target` (N, C', h x scale, w x scale), float32: unit intensities or one-hot classes."""


class Truth(Enum):
    """What validation can compare outputs with."""

    CLEAN = "clean"
    SECOND_FRAME = "second frame"
    """Another noisy frame of the field; a plain PSNR against it would be wrong even for the true image."""
    NONE = "none"
    """Nothing: compared with the noisy input, the identity would look perfect."""


class Views(NamedTuple):
    """The images that training patches are cut from."""

    roles: tuple[Role, ...]
    source: Source = stored


class Sampler(Protocol):
    """An endless, resumable stream of patches."""

    def batch(self) -> Crops:
        """Return (N, C, p, p) float32 crops in unit intensity for each role."""

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the stream."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""


class Method(ABC):
    """The networks, optimisers and losses of one way of learning.

    A training step updates the parts of its stage in order (a generator, then a discriminator); each part has an
    optimiser and a network of the same name. An optimiser may update more than one network, and modules that hold
    memory from step to step are among the networks too: all of them are stored and resumed.

    The class methods answer what must be known before anything is built: the stages, the recipes and datasets that are
    refused, and the images that patches are cut from. The defaults suit methods that learn from input and target.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]
    sees_condition: ClassVar[bool] = False
    """Whether its discriminators can be shown the input beside the image."""

    @abstractmethod
    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build networks and optimisers on the device of `fabric`; torch's seed must have been set."""

    @abstractmethod
    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return the weighted losses of one part by name; the part minimises their sum."""

    def observations(self) -> dict[str, Tensor]:
        """Compute scalars of the last step that are plotted but not minimised; may be empty.

        Called only when they are reported, so a step should keep what they are computed from, not compute them.
        """
        return {}

    @property
    def network(self) -> nn.Module:
        """The network that is validated, saved and applied."""
        return self.networks[RESTORER]

    @classmethod
    def stages(cls, recipe: Recipe) -> tuple[Stage, ...]:
        """Return the stages in order; none is empty and their steps add up to `train.steps`."""
        return one_stage(recipe)

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Refuse a recipe that this method cannot train, before a dataset is known.

        Raises:
            UserError: Says what to set instead.
        """

    @classmethod
    def check_dataset(cls, recipe: Recipe, manifest: Manifest) -> None:
        """Refuse a dataset that this method cannot learn from.

        Raises:
            UserError: Says what to do instead.
        """
        if manifest.layout.is_unpaired:
            raise UserError(
                f"Recipe {recipe.name!r} learns from pairs or single images, not from unpaired sets; prepare another "
                "dataset, or choose a recipe that learns without pairs."
            )

    @classmethod
    def views(cls, recipe: Recipe, manifest: Manifest, roles: tuple[Role, ...]) -> Views:
        """Return which images the patches are cut from; `roles` are those that the task needs."""
        return Views(roles)

    @classmethod
    def may_turn(cls, recipe: Recipe) -> bool:
        """Return whether patches may be rotated by multiples of 90 degrees."""
        return True

    @classmethod
    def sampler(
        cls,
        recipe: Recipe,
        dataset: Dataset,
        roles: tuple[Role, ...],
        device: torch.device,
        turns: bool = True,
        share: Share = WHOLE,
    ) -> Sampler:
        """Build the stream of training patches; they are rotated only if task (`turns`) and method both allow it."""
        settings, views = recipe.train, cls.views(recipe, dataset.manifest, roles)
        bank = PatchBank(dataset, "train", views.roles, device, source=views.source)
        scales: dict[Role, int] = {"input": capabilities(recipe.network).scale}
        turned = turns and cls.may_turn(recipe)
        return PatchSampler(bank, settings.patch, settings.batch, settings.seed, scales, turned, share)

    @classmethod
    def truth(cls, recipe: Recipe, manifest: Manifest) -> Truth:
        """Return what validation can compare outputs with."""
        return Truth.CLEAN

    @classmethod
    def calibration(cls, recipe: Recipe, dataset: Dataset) -> Calibration | None:
        """Return what is measured, without clean images, for every state of the network that is validated or saved."""
        return None

    @classmethod
    def caveats(cls, manifest: Manifest) -> tuple[str, ...]:
        """Return sentences on what scores on a dataset do not mean for models trained by this method."""
        return ()

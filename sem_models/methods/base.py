"""What every way of learning offers: to the trainer its networks and losses, before that what it needs of a dataset."""

from abc import ABC, abstractmethod
from enum import Enum
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.sampling.bank import PatchBank, Source, stored
from sem_models.datasets.sampling.sampler import Crops, PatchSampler
from sem_models.errors import UserError
from sem_models.methods.stages import RESTORER, Stage, one_stage

Batch = dict[str, Tensor]
"""`input` and `target`: (N, C, h, w) and (N, C, h x scale, w x scale) float32 unit intensities."""


class Truth(Enum):
    """What the outputs of a validation can be compared with."""

    CLEAN = "clean"
    SECOND_FRAME = "second frame"
    """Another noisy frame of the field: a PSNR against it would be wrong even for the truth."""
    NONE = "none"
    """Against the noisy input the identity would be perfect."""


class Views(NamedTuple):
    """The images that training patches are cut from."""

    roles: tuple[Role, ...]
    source: Source = stored


class Sampler(Protocol):
    """An endless, resumable stream of patches."""

    def batch(self) -> Crops:
        """(N, C, p, p) float32 a role, unit scale."""

    def state_dict(self) -> dict[str, Any]:
        """Where it is."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""


class Method(ABC):
    """Owns the networks and optimisers of one way of learning.

    A step of training goes through the parts of its stage in order (a generator, then a discriminator); each part has
    an optimiser and a network of the same name. An optimiser may drive further networks, and what a method remembers
    from step to step is a module among the networks too: all of them are stored and resumed.

    The class itself answers what must be known before anything is built: stages, what it cannot learn from, which
    images it looks at. Most methods learn from pairs of input and target and need none of these answers changed.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]
    sees_condition: ClassVar[bool] = False
    """Whether its discriminators can be shown the input beside the image."""

    @abstractmethod
    def __init__(self, recipe: Recipe, fabric: Fabric) -> None:
        """Build networks and optimisers on the device of `fabric`; torch's seed must have been set."""

    @abstractmethod
    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Named, weighted losses of one part; their sum is what the part minimises."""

    def observations(self) -> dict[str, Tensor]:
        """Scalars worth a curve that nobody minimises, from the last step; empty where there are none."""
        return {}

    @property
    def network(self) -> nn.Module:
        """The network that is validated, saved and applied."""
        return self.networks[RESTORER]

    @classmethod
    def stages(cls, recipe: Recipe) -> tuple[Stage, ...]:
        """Its stages in order; none is empty and together they have `train.steps` steps."""
        return one_stage(recipe)

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Refuse settings that it cannot learn by, before there is a dataset.

        Raises:
            UserError: With what to set instead.
        """

    @classmethod
    def check_dataset(cls, recipe: Recipe, manifest: Manifest) -> None:
        """Refuse a dataset that it cannot learn from.

        Raises:
            UserError: With what to do instead.
        """
        if manifest.layout.is_unpaired:
            raise UserError(f"Recipe {recipe.name!r} learns from pairs or single images, not from unpaired sets.")

    @classmethod
    def views(cls, recipe: Recipe, manifest: Manifest, roles: tuple[Role, ...]) -> Views:
        """Which images the patches are cut from; `roles` are those of the task."""
        return Views(roles)

    @classmethod
    def may_turn(cls, recipe: Recipe) -> bool:
        """Whether patches may be turned by quarters."""
        return True

    @classmethod
    def sampler(
        cls, recipe: Recipe, dataset: Dataset, roles: tuple[Role, ...], device: torch.device, turns: bool = True
    ) -> Sampler:
        """Patches of the training split; not turned where either the task (`turns`) or the method forbids it."""
        settings, views = recipe.train, cls.views(recipe, dataset.manifest, roles)
        bank = PatchBank(dataset, "train", views.roles, device, source=views.source)
        scales: dict[Role, int] = {"input": capabilities(recipe.network).scale}
        turned = turns and cls.may_turn(recipe)
        return PatchSampler(bank, settings.patch, settings.batch, settings.seed, scales, turned)

    @classmethod
    def truth(cls, recipe: Recipe, manifest: Manifest) -> Truth:
        """What its validation can compare outputs with."""
        return Truth.CLEAN

    @classmethod
    def caveats(cls, manifest: Manifest) -> tuple[str, ...]:
        """What scores on a dataset do not mean for models that learned this way."""
        return ()

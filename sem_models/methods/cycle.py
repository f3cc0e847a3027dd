"""Learning without pairs (CycleGAN; Zhu et al., ICCV 2017): two generators that undo each other, two discriminators.

`input` holds images of the degraded domain, `target` images of other fields from the sharp domain. The forward
generator (part `restorer`) turns degraded images into sharp ones, the backward generator sharp images into degraded
ones; no loss compares an output with a truth.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.degradation import Degradation
from sem_models.config.method_settings import CycleSettings
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest, Split
from sem_models.datasets.sampling.domains import DomainSampler
from sem_models.datasets.sampling.share import WHOLE, Share
from sem_models.errors import FieldRef, UserError
from sem_models.losses.structure import low_frequency, smallest_patch
from sem_models.methods.adversarial_losses import AdversarialLoss
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch, Method, Sampler
from sem_models.methods.health import correlation, health
from sem_models.methods.stages import (
    BACKWARD,
    BACKWARD_DISCRIMINATOR,
    DISCRIMINATOR,
    RESTORER,
    Stage,
    require_settings,
    two_stages,
)
from sem_models.networks.table import build_network

if TYPE_CHECKING:
    from lightning_fabric import Fabric

POOL = "pool"


@dataclass
class _Direction:
    """One direction of the cycle, from one domain to the other."""

    prefix: str
    """Put before the names of its losses."""
    there: Any
    back: Any
    adversarial: AdversarialLoss
    pool: Any
    output: Tensor | None = None


class Cycle(Method):
    """Both generators learn in one step under the part `restorer`; each discriminator is a part of its own."""

    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build networks and optimisers on the device of `fabric`; torch's seed must have been set."""
        self._settings = _cycle_settings(recipe)
        assembly = Assembly(fabric)
        generators = {name: build_network(recipe.network) for name in (RESTORER, BACKWARD)}
        channels_last = capabilities(recipe.network).channels_last
        assembly.add_together(RESTORER, generators, require_settings(recipe).optimiser, channels_last)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        forth = _direction("", (RESTORER, BACKWARD), DISCRIMINATOR, recipe, assembly)
        back = _direction("backward_", (BACKWARD, RESTORER), BACKWARD_DISCRIMINATOR, recipe, assembly)
        self._directions = {DISCRIMINATOR: forth, BACKWARD_DISCRIMINATOR: back}
        self._seen: tuple[Tensor, Tensor] | None = None

    @classmethod
    def stages(cls, recipe: Recipe) -> tuple[Stage, ...]:
        """Return the adversarial stage alone."""
        return two_stages(recipe, "train", (RESTORER,), (DISCRIMINATOR, BACKWARD_DISCRIMINATOR))

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Refuse a network that cannot take its own output: both generators are built from one config.

        Raises:
            UserError: The network changes size or channels, a setting belongs to a stage that a cycle does not have,
                or the patch is too small for the low-pass.
        """
        _require_no_first_stage(recipe)
        facts = capabilities(recipe.network)
        if facts.scale != 1 or facts.channels_in != facts.channels_out:
            raise UserError(
                f"Method cycle chains two networks of one kind, but {recipe.network.kind} turns "
                f"{facts.channels_in} channel(s) into {facts.channels_out} at scale {facts.scale}; use a network of "
                "scale 1 with as many channels out as in."
            )
        settings = _cycle_settings(recipe)
        least = smallest_patch(settings.low_frequency_sigma_px)
        if settings.low_frequency and recipe.train.patch < least:
            raise UserError(
                f"A low-pass of sigma {settings.low_frequency_sigma_px:g} px needs patches of at least {least} px, not "
                f"{recipe.train.patch}; raise train.patch or lower cycle.low_frequency_sigma_px."
            )

    @classmethod
    def check_dataset(cls, recipe: Recipe, manifest: Manifest) -> None:
        """Raise a `UserError` for pairs, a missing domain, or a degradation that changes nothing."""
        name = manifest.name
        if manifest.layout.is_paired:
            raise UserError(
                f"Method cycle learns without pairs, but {name!r} is paired; prepare both folders with ",
                FieldRef("kind", "unpaired"),
                ", or choose a recipe that learns from pairs.",
            )
        if manifest.layout.is_unpaired:
            _require_both_domains(manifest)
            return
        if sum(entry.split == "train" for entry in manifest.entries) < 2:
            raise UserError(
                f"Method cycle degrades one half of the training images and uses the other half as it is, but {name!r} "
                "has only one; add images."
            )
        if _is_idle(recipe.degradation):
            raise UserError(
                f"Degraded images of {name!r} are to be the first domain, but the degradation changes nothing; set "
                "degradation.dose_e_per_px, read_noise, blur or scan."
            )

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
        """Build the stream of patches, drawn independently from the two domains."""
        settings = recipe.train
        return DomainSampler(dataset, settings.patch, settings.batch, settings.seed, device, share)

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses by name; a discriminator sees outputs of this step or of earlier ones."""
        degraded, sharp = batch["input"], batch["target"]
        if part == RESTORER:
            return self._generate(degraded, sharp)
        direction = self._directions[part]
        if direction.output is None:
            raise RuntimeError("the generators must be updated before the discriminators")
        real = sharp if part == DISCRIMINATOR else degraded
        return direction.adversarial.discriminator_loss(direction.pool(direction.output), real)

    def observations(self) -> dict[str, Tensor]:
        """Return the discriminators' mean probabilities and the health of the forward generator.

        Without a target, outputs are correlated with their inputs, and diversity is relative to images of the second
        domain. A negative `input_correlation` means that light and dark are exchanged; the backward generator can undo
        that, so no cycle loss sees it.
        """
        forth = self._directions[DISCRIMINATOR]
        if self._seen is None or forth.output is None:
            return {}
        degraded, sharp = self._seen
        found: dict[str, Tensor] = {}
        for direction in self._directions.values():
            found |= direction.adversarial.observations()
        # Other fields of the domain show how varied and free of checkerboards outputs should be; pixels do not match.
        found |= {name: value for name, value in health(forth.output, sharp).items() if name != "contrast"}
        return found | {"input_correlation": correlation(forth.output, degraded)}

    def _generate(self, degraded: Tensor, sharp: Tensor) -> dict[str, Tensor]:
        forth, back = self._directions.values()
        self._seen = degraded, sharp
        return self._one_way(forth, degraded, sharp) | self._one_way(back, sharp, degraded)

    def _one_way(self, way: _Direction, x: Tensor, other: Tensor) -> dict[str, Tensor]:
        """Return the losses of translating `x`; `other` shows another field in the domain translated to."""
        settings = self._settings
        output = way.there(x)
        way.output = output.detach()
        losses = {
            "adversarial": way.adversarial.generator_loss(output, other),
            "cycle": settings.weight * F.l1_loss(way.back(output), x),
        }
        if settings.identity:
            losses["identity"] = settings.weight * settings.identity * F.l1_loss(way.there(other), other)
        if settings.low_frequency:
            kept = low_frequency(output, x, settings.low_frequency_sigma_px)
            losses["low_frequency"] = settings.low_frequency * kept
        return {way.prefix + name: loss for name, loss in losses.items()}


_NEEDED: tuple[tuple[Split, Role], ...] = (("train", "input"), ("train", "target"), ("val", "input"))


def _require_both_domains(manifest: Manifest) -> None:
    for split, role in _NEEDED:
        if not any(entry.split == split and entry.has(role) for entry in manifest.entries):
            domain = "first (input)" if role == "input" else "second (target)"
            raise UserError(
                f"Dataset {manifest.name!r} has no image of the {domain} domain in its {split} split; prepare it again "
                "with more images, another ",
                FieldRef("seed"),
                ", or a ",
                FieldRef("group_by"),
                " that distinguishes its specimens.",
            )


def _is_idle(forward: Degradation) -> bool:
    return forward.dose_e_per_px is None and not forward.read_noise and not forward.blur and not forward.scan


def _require_no_first_stage(recipe: Recipe) -> None:
    """Refuse settings of the pixel stage, which a cycle does not have, unless they equal those of its only stage."""
    second, fields = recipe.adversarial, Recipe.model_fields
    instead = {
        "losses": (None, "cycle.weight, cycle.identity and cycle.low_frequency"),
        "optimiser": (second and second.optimiser, "adversarial.optimiser"),
        "schedule": (second and second.schedule, "adversarial.schedule"),
    }
    for name, (same, other) in instead.items():
        if getattr(recipe, name) not in (fields[name].default, same):
            raise UserError(f"Method cycle has only an adversarial stage and ignores {name}; set {other} instead.")


def _cycle_settings(recipe: Recipe) -> CycleSettings:
    if recipe.cycle is None:
        raise ValueError(f"recipe {recipe.name!r} has no cycle settings")
    return recipe.cycle


def _direction(prefix: str, generators: tuple[str, str], part: str, recipe: Recipe, assembly: Assembly) -> _Direction:
    settings, cycle = require_settings(recipe), _cycle_settings(recipe)
    adversarial = AdversarialLoss(part, settings.weight, recipe, assembly)
    shape = (capabilities(recipe.network).channels_out, recipe.train.patch, recipe.train.patch)
    # A random seed, so that the pools of the two directions do not swap in step.
    seed = int(torch.randint(2**31, ()))
    assembly.remember(prefix + POOL, ImagePool(cycle.pool, shape, seed))
    there, back = (assembly.networks[name] for name in generators)
    return _Direction(prefix, there, back, adversarial, assembly.networks[prefix + POOL])


class ImagePool(nn.Module):
    """Up to `size` earlier outputs for a discriminator (Shrivastava et al., CVPR 2017); all of it is resumable."""

    images: Tensor

    def __init__(self, size: int, shape: tuple[int, int, int], seed: int) -> None:
        """Start empty.

        Args:
            size: Number of images that it holds; 0 passes everything through.
            shape: (C, H, W) of an image.
            seed: Seed of the random choice of what is swapped.
        """
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self._filled = 0
        self._generator = torch.Generator().manual_seed(seed)

    def forward(self, new: Tensor) -> Tensor:
        """Return (N, C, H, W) images, detached; once the pool is full, about half are swapped for stored ones."""
        given = list(new.detach()) if len(self.images) else []
        chosen = [self._swap(image) for image in given]
        if all(one is other for one, other in zip(chosen, given, strict=True)):
            # The same memory: a discriminator that has judged these images need not do so again.
            return new.detach()
        return torch.stack(chosen)

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
        """Return the state besides the images: how full the pool is, and its random generator."""
        return {"filled": self._filled, "generator": self._generator.get_state()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Restore what `get_extra_state` returned."""
        self._filled = state["filled"]
        self._generator.set_state(state["generator"])

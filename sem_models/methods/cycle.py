"""Learning without pairs (CycleGAN; Zhu et al., ICCV 2017): two generators undo one another, each before a judge.

`input` holds images of the degraded domain, `target` images of other places of the sharp one. The restorer draws sharp
images of degraded ones, the backward generator degraded ones of sharp ones; no loss compares an output with a truth.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from sem_models.config.method_settings import CycleSettings
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.losses.structure import low_frequency
from sem_models.methods.adversarial_losses import AdversarialLoss, require_settings
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch
from sem_models.methods.health import contrast, health
from sem_models.methods.stages import BACKWARD, BACKWARD_DISCRIMINATOR, DISCRIMINATOR, RESTORER, Stage
from sem_models.networks.table import build_network

POOL = "pool"


@dataclass
class _Direction:
    """From one domain to the other."""

    prefix: str
    """Of the names of its losses."""
    there: Any
    back: Any
    judge: AdversarialLoss
    pool: Any
    output: Tensor | None = None


class Cycle:
    """Both generators learn in one step under the part `restorer`; each discriminator is a part of its own."""

    def __init__(self, recipe: Recipe, fabric: Fabric) -> None:
        """Build networks and optimisers on the device of `fabric`; torch's seed must have been set."""
        if recipe.cycle is None:
            raise ValueError(f"recipe {recipe.name!r} has no cycle settings")
        self._settings: CycleSettings = recipe.cycle
        assembly = Assembly(fabric)
        generators = {name: build_network(recipe.network) for name in (RESTORER, BACKWARD)}
        channels_last = capabilities(recipe.network).channels_last
        assembly.add_together(RESTORER, generators, require_settings(recipe).optimiser, channels_last)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        forth = _direction("", (RESTORER, BACKWARD), DISCRIMINATOR, recipe, assembly)
        back = _direction("backward_", (BACKWARD, RESTORER), BACKWARD_DISCRIMINATOR, recipe, assembly)
        self._directions = {DISCRIMINATOR: forth, BACKWARD_DISCRIMINATOR: back}
        self._health: dict[str, Tensor] = {}
        # What is light in one contrast may be dark in another one, so that a translation has no right sign.
        self._alike = "input_correlation" if recipe.task == "translation" else "contrast"

    @property
    def network(self) -> nn.Module:
        """The generator from degraded to sharp."""
        return self.networks[RESTORER]

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:  # noqa: ARG002
        """Weighted losses by name; a discriminator sees outputs of this step or of earlier ones."""
        degraded, sharp = batch["input"], batch["target"]
        if part == RESTORER:
            return self._generate(degraded, sharp)
        direction = self._directions[part]
        if direction.output is None:
            raise RuntimeError("the generator's part comes first")
        real = sharp if part == DISCRIMINATOR else degraded
        return direction.judge.discriminator_loss(direction.pool(direction.output), real)

    def observations(self) -> dict[str, Tensor]:
        """What the discriminators think; correlation with the input, for there is no target; diversity as in domain B.

        The correlation is the `contrast` of a restoration: below 0 light and dark are exchanged, which a cycle can
        undo, so that no cycle loss sees it. Of a translation it is `input_correlation`, a curve that nobody warns by.
        """
        beliefs = [direction.judge.observations() for direction in self._directions.values()]
        return {name: value for seen in beliefs for name, value in seen.items()} | self._health

    def _generate(self, degraded: Tensor, sharp: Tensor) -> dict[str, Tensor]:
        forth, back = self._directions.values()
        losses = self._one_way(forth, degraded, sharp) | self._one_way(back, sharp, degraded)
        assert forth.output is not None  # noqa: S101
        # As varied and as free of checkerboards as other places of the domain, with which no pixel can be compared.
        seen = {name: value for name, value in health(forth.output, sharp).items() if name != "contrast"}
        self._health = seen | {self._alike: contrast(forth.output, degraded)}
        return losses

    def _one_way(self, way: _Direction, x: Tensor, other: Tensor) -> dict[str, Tensor]:
        """Losses of what is made of `x`; `other` comes from the domain that is drawn and shows another place."""
        settings = self._settings
        output = way.there(x)
        way.output = output.detach()
        losses = {
            "adversarial": way.judge.generator_loss(output, other),
            "cycle": settings.weight * F.l1_loss(way.back(output), x),
        }
        if settings.identity:
            losses["identity"] = settings.weight * settings.identity * F.l1_loss(way.there(other), other)
        if settings.low_frequency:
            kept = low_frequency(output, x, settings.low_frequency_sigma_px)
            losses["low_frequency"] = settings.low_frequency * kept
        return {way.prefix + name: loss for name, loss in losses.items()}


def _direction(prefix: str, generators: tuple[str, str], part: str, recipe: Recipe, assembly: Assembly) -> _Direction:
    settings, cycle = require_settings(recipe), recipe.cycle
    assert cycle is not None  # noqa: S101
    judge = AdversarialLoss(part, settings.weight, recipe, assembly)
    shape = (capabilities(recipe.network).channels_out, recipe.train.patch, recipe.train.patch)
    # Drawn, so that the pools of both directions do not swap alike.
    seed = int(torch.randint(2**31, ()))
    assembly.remember(prefix + POOL, ImagePool(cycle.pool, shape, seed))
    there, back = (assembly.networks[name] for name in generators)
    return _Direction(prefix, there, back, judge, assembly.networks[prefix + POOL])


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

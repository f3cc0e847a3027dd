"""Restoration with a discriminator: a pixel stage first, then perceptual and adversarial losses as well."""

from typing import TYPE_CHECKING

from torch import Tensor

from sem_models.config.recipe import Recipe
from sem_models.methods.adversarial_losses import AdversarialLosses
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch, Method
from sem_models.methods.health import RecentDiversity, health
from sem_models.methods.objective import Objective
from sem_models.methods.stages import ADVERSARIAL, RESTORER, Stage, image_discriminators, require_settings, two_stages

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_RECENT = "recent_diversity"


class AdversarialRestoration(Method):
    """Adversarial training of a generator on pairs of input and target.

    SRGAN, ESRGAN, SPSR, SINSR and pix2pix are this method with different recipes. The generator sees only the degraded
    image; the target goes to the losses and the discriminators. Conditional discriminators see the input as well.
    """

    sees_condition = True

    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build networks and optimisers on the device of `fabric`; torch's seed must have been set."""
        settings = require_settings(recipe)
        assembly = Assembly(fabric)
        assembly.add_network(RESTORER, recipe)
        self._adversarial_losses, self._conditional = AdversarialLosses(recipe, assembly), settings.conditional
        self._recent = RecentDiversity() if recipe.train.batch == 1 else None
        if self._recent:
            assembly.remember(_RECENT, self._recent)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        self._pixel, self._second = Objective(recipe, recipe.losses), Objective(recipe, settings.losses)
        self._output: Tensor | None = None
        self._target: Tensor | None = None

    @classmethod
    def stages(cls, recipe: Recipe) -> tuple[Stage, ...]:
        """Return the pixel stage, then the adversarial stage."""
        return two_stages(recipe, "pixel", (RESTORER,), image_discriminators(recipe))

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses by name; a discriminator is given the generator's output of the same step."""
        target, condition = batch["target"], batch["input"] if self._conditional else None
        if part != RESTORER:
            if self._output is None:
                raise RuntimeError("the generator must be updated before its discriminator")
            return self._adversarial_losses.discriminator_loss(part, self._output, target, condition)
        if stage.name != ADVERSARIAL:
            return self._pixel(self.network, batch["input"], target)[1]
        output, losses = self._second(self.network, batch["input"], target)
        self._output, self._target = output.detach(), target
        if self._recent:
            self._recent.remember(self._output, target)
        return losses | self._adversarial_losses.generator_loss(output, target, condition)

    def observations(self) -> dict[str, Tensor]:
        """Return the discriminators' mean probabilities and the health of the generator."""
        if self._output is None or self._target is None:
            return {}
        recent = {"diversity": self._recent()} if self._recent else {}
        return self._adversarial_losses.observations() | health(self._output, self._target) | recent

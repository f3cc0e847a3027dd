"""Discriminators of a run: what they are shown, their own losses, and the losses that they give a generator."""

import torch
from torch import Tensor, nn

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.losses.adversarial import discriminator_loss, generator_compares, generator_loss, probabilities
from sem_models.methods.assembly import Assembly
from sem_models.methods.stages import DISCRIMINATOR, GRADIENT_DISCRIMINATOR, require_settings
from sem_models.networks.discriminators import build_discriminator
from sem_models.physics.gradient import central_magnitude


class AdversarialLoss:
    """One discriminator with its own loss and the loss that it gives a generator."""

    def __init__(self, part: str, weight: float, recipe: Recipe, assembly: Assembly) -> None:
        """Build the discriminator into `assembly` as `part`; `weight` multiplies the loss that it gives a generator."""
        settings = require_settings(recipe)
        self.part, self._weight, self._gan = part, weight, settings.gan
        network = build_discriminator(settings.discriminator, shown_channels(recipe))
        self._network: nn.Module = assembly.add(part, network, settings.optimiser, channels_last=True)
        self._seen: dict[str, Tensor] = {}

    def generator_loss(self, output: Tensor, target: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the weighted adversarial loss of a generator; the discriminator itself gets no gradient.

        `condition` is the image that the output was made from; a conditional discriminator sees it beside each image.
        """
        network = self._network.requires_grad_(False)
        fake = network(_view(self.part, output, condition))
        real: Tensor | None = None
        if generator_compares(self._gan):
            with torch.no_grad():
                real = network(_view(self.part, target, condition))
        return self._weight * generator_loss(self._gan, real, fake)

    def discriminator_loss(self, output: Tensor, target: Tensor, condition: Tensor | None = None) -> dict[str, Tensor]:
        """Return the discriminator's own loss by name; the output gets no gradient, `condition` as above."""
        network = self._network.requires_grad_(True)
        real = network(_view(self.part, target, condition))
        fake = network(_view(self.part, output.detach(), condition))
        for label, probability in probabilities(self._gan, real.detach(), fake.detach()).items():
            self._seen[f"{self.part}/{label}"] = probability
        return {self.part: discriminator_loss(self._gan, real, fake)}

    def observations(self) -> dict[str, Tensor]:
        """Return the mean probabilities that it last gave to real and to restored patches."""
        return dict(self._seen)


class AdversarialLosses:
    """The discriminator of images and, if it has a weight, the one of their gradient maps (Ma et al., SPSR, 2020)."""

    def __init__(self, recipe: Recipe, assembly: Assembly) -> None:
        """Build them into `assembly`."""
        settings = require_settings(recipe)
        weights = {DISCRIMINATOR: settings.weight}
        if settings.gradient_weight:
            weights[GRADIENT_DISCRIMINATOR] = settings.gradient_weight
        self._adversarial_losses = {
            part: AdversarialLoss(part, weight, recipe, assembly) for part, weight in weights.items()
        }

    def generator_loss(self, output: Tensor, target: Tensor, condition: Tensor | None = None) -> dict[str, Tensor]:
        """Return the generator's weighted adversarial losses by name; the discriminators get no gradient."""
        return {
            _LABELS[part]: loss.generator_loss(output, target, condition)
            for part, loss in self._adversarial_losses.items()
        }

    def discriminator_loss(
        self, part: str, output: Tensor, target: Tensor, condition: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return the loss of one discriminator on a finished output and its target."""
        return self._adversarial_losses[part].discriminator_loss(output, target, condition)

    def observations(self) -> dict[str, Tensor]:
        """Return the mean probabilities that each discriminator last gave to real and to restored patches."""
        return {
            name: value for loss in self._adversarial_losses.values() for name, value in loss.observations().items()
        }


_LABELS = {DISCRIMINATOR: "adversarial", GRADIENT_DISCRIMINATOR: "gradient_adversarial"}


def _view(part: str, image: Tensor, condition: Tensor | None) -> Tensor:
    shown = image if condition is None else torch.cat([condition, image], 1)
    return central_magnitude(shown) if part == GRADIENT_DISCRIMINATOR else shown


def shown_channels(recipe: Recipe) -> int:
    """Return how many channels a discriminator sees: those of the image, after those of its condition if it has one."""
    facts, settings = capabilities(recipe.network), require_settings(recipe)
    return facts.channels_out + (facts.channels_in if settings.conditional else 0)

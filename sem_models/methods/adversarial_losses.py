"""Discriminators of a run: what they see, what they minimise, and what a generator hears from them."""

import torch
from torch import Tensor, nn

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.losses.adversarial import discriminator_loss, generator_loss, probabilities
from sem_models.methods.assembly import Assembly
from sem_models.methods.stages import DISCRIMINATOR, GRADIENT_DISCRIMINATOR, require_settings
from sem_models.networks.discriminators import build_discriminator
from sem_models.physics.gradient import central_magnitude


class AdversarialLoss:
    """One discriminator."""

    def __init__(self, part: str, weight: float, recipe: Recipe, assembly: Assembly) -> None:
        """Build it into `assembly` as `part`; `weight` is that of what a generator hears from it."""
        settings = require_settings(recipe)
        self.part, self._weight, self._gan = part, weight, settings.gan
        network = build_discriminator(settings.discriminator, shown_channels(recipe))
        self._network: nn.Module = assembly.add(part, network, settings.optimiser, channels_last=True)
        self._seen: dict[str, Tensor] = {}

    def generator_loss(self, output: Tensor, target: Tensor, condition: Tensor | None = None) -> Tensor:
        """Weighted adversarial loss of a generator; the discriminator itself gets no gradient.

        `condition` is what the output was made of: a conditional discriminator sees it beside either image.
        """
        network = self._network.requires_grad_(False)
        fake = network(_view(self.part, output, condition))
        with torch.no_grad():
            real = network(_view(self.part, target, condition))
        return self._weight * generator_loss(self._gan, real, fake)

    def discriminator_loss(self, output: Tensor, target: Tensor, condition: Tensor | None = None) -> dict[str, Tensor]:
        """Its own loss, by its name, on finished outputs and real images; `condition` as in `advise`."""
        network = self._network.requires_grad_(True)
        real = network(_view(self.part, target, condition))
        fake = network(_view(self.part, output.detach(), condition))
        for label, probability in probabilities(self._gan, real.detach(), fake.detach()).items():
            self._seen[f"{self.part}/{label}"] = probability
        return {self.part: discriminator_loss(self._gan, real, fake)}

    def observations(self) -> dict[str, Tensor]:
        """Mean probability that it gave to real and to restored patches last."""
        return dict(self._seen)


class AdversarialLosses:
    """One discriminator on images and, where it has a weight, one on their gradient maps (Ma et al., SPSR, 2020)."""

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
        """Weighted adversarial losses of the generator; the discriminators themselves get no gradient."""
        return {
            _LABELS[part]: judge.generator_loss(output, target, condition)
            for part, judge in self._adversarial_losses.items()
        }

    def discriminator_loss(
        self, part: str, output: Tensor, target: Tensor, condition: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Loss of one discriminator on a finished output and its target."""
        return self._adversarial_losses[part].discriminator_loss(output, target, condition)

    def observations(self) -> dict[str, Tensor]:
        """Mean probability that each discriminator gave to real and to restored patches last."""
        return {
            name: value for judge in self._adversarial_losses.values() for name, value in judge.observations().items()
        }


_LABELS = {DISCRIMINATOR: "adversarial", GRADIENT_DISCRIMINATOR: "gradient_adversarial"}


def _view(part: str, image: Tensor, condition: Tensor | None) -> Tensor:
    shown = image if condition is None else torch.cat([condition, image], 1)
    return central_magnitude(shown) if part == GRADIENT_DISCRIMINATOR else shown


def shown_channels(recipe: Recipe) -> int:
    """Channels of what a discriminator sees: the image, behind its condition where there is one."""
    facts, settings = capabilities(recipe.network), require_settings(recipe)
    return facts.channels_out + (facts.channels_in if settings.conditional else 0)

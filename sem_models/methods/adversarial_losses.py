"""Discriminators of a run: what they are shown, their own losses, and the losses that they give a generator."""

from typing import Any

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
    """One discriminator with its own loss and the loss that it gives a generator.

    Between the updates of generator and discriminator its weights do not change. What it said about an output in the
    generator's turn is therefore used again in its own, for which it keeps the graph.
    """

    def __init__(self, part: str, weight: float, recipe: Recipe, assembly: Assembly) -> None:
        """Build the discriminator into `assembly` as `part`; `weight` multiplies the loss that it gives a generator."""
        settings = require_settings(recipe)
        self.part, self._weight, self._gan = part, weight, settings.gan
        network = build_discriminator(settings.discriminator, shown_channels(recipe))
        self._network: nn.Module = assembly.add(part, network, settings.optimiser, channels_last=True)
        self._gradient = assembly.gradient
        self._shown: Tensor | None = None
        self._fake: Tensor | None = None
        self._real: Tensor | None = None
        self._judged: tuple[Tensor, Tensor] | None = None

    def generator_loss(self, output: Tensor, target: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the weighted adversarial loss of a generator; the discriminator itself gets no gradient.

        `condition` is the image that the output was made from; a conditional discriminator sees it beside each image.
        """
        # A leaf, so that the graph of the discriminator outlives that of the generator.
        self._shown = output.detach().requires_grad_()
        self._fake = self._network(_view(self.part, self._shown, condition))
        self._real = self._network(_view(self.part, target, condition)) if generator_compares(self._gan) else None
        real = None if self._real is None else self._real.detach()
        loss = self._weight * generator_loss(self._gan, real, self._fake)
        if not output.requires_grad:
            return loss
        gradient = self._gradient(loss, self._shown)
        # Detached, so that the graph of the discriminator is no part of that of the generator.
        result: Tensor = _WithGradient.apply(output, loss.detach(), gradient)  # type: ignore[no-untyped-call]
        return result

    def discriminator_loss(self, output: Tensor, target: Tensor, condition: Tensor | None = None) -> dict[str, Tensor]:
        """Return the discriminator's own loss by name; the output gets no gradient.

        `target` and `condition` are those of the generator's loss in the same step.
        """
        real, fake = self._real, self._fake
        if real is None:
            real = self._network(_view(self.part, target, condition))
        # A cycle shows outputs of earlier steps as well.
        if fake is None or self._shown is None or not output.is_set_to(self._shown):
            fake = self._network(_view(self.part, output.detach(), condition))
        self._shown = self._fake = self._real = None
        self._judged = real.detach(), fake.detach()
        return {self.part: discriminator_loss(self._gan, real, fake)}

    def observations(self) -> dict[str, Tensor]:
        """Return the mean probabilities that it last gave to real and to restored patches."""
        if self._judged is None:
            return {}
        said = probabilities(self._gan, *self._judged)
        return {f"{self.part}/{label}": probability for label, probability in said.items()}


class _WithGradient(torch.autograd.Function):
    """A scalar loss of an image, whose gradient by the image has been computed already."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, loss: Tensor, gradient: Tensor) -> Tensor:  # noqa: ARG004
        ctx.save_for_backward(gradient)
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return outer * gradient, None, None


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

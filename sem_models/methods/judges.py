"""Discriminators of a run: what they see, what they minimise, and what a generator hears from them."""

import torch
from torch import Tensor, nn

from sem_models.losses.adversarial import discriminator_loss, generator_loss, probabilities
from sem_models.methods.assembly import Assembly
from sem_models.networks.discriminators import build_discriminator
from sem_models.physics.gradient import central_magnitude
from sem_models.recipes.recipe import Recipe
from sem_models.training.settings import Adversarial
from sem_models.training.stages import DISCRIMINATOR, GRADIENT_DISCRIMINATOR


class Judges:
    """One discriminator on images and, where it has a weight, one on their gradient maps (Ma et al., SPSR, 2020)."""

    def __init__(self, settings: Adversarial, assembly: Assembly) -> None:
        """Build them into `assembly`."""
        self._settings = settings
        self._weights = {DISCRIMINATOR: settings.weight}
        if settings.gradient_weight:
            self._weights[GRADIENT_DISCRIMINATOR] = settings.gradient_weight
        for part in self._weights:
            assembly.add(part, build_discriminator(settings.discriminator), settings.optimiser, channels_last=True)
        self._networks = {part: assembly.networks[part] for part in self._weights}
        self._seen: dict[str, Tensor] = {}

    def advise(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Weighted adversarial losses of the generator; the discriminators themselves get no gradient."""
        losses = {}
        for part, weight in self._weights.items():
            network = self._networks[part].requires_grad_(False)
            fake = network(_view(part, output))
            with torch.no_grad():
                real = network(_view(part, target))
            losses[_LABELS[part]] = weight * generator_loss(self._settings.gan, real, fake)
        return losses

    def learn(self, part: str, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Loss of one discriminator on a finished output and its target."""
        network: nn.Module = self._networks[part].requires_grad_(True)
        real, fake = network(_view(part, target)), network(_view(part, output.detach()))
        for label, probability in probabilities(self._settings.gan, real.detach(), fake.detach()).items():
            self._seen[f"{part}/{label}"] = probability
        return {part: discriminator_loss(self._settings.gan, real, fake)}

    def observations(self) -> dict[str, Tensor]:
        """Mean probability that each discriminator gave to real and to restored patches last."""
        return dict(self._seen)


_LABELS = {DISCRIMINATOR: "adversarial", GRADIENT_DISCRIMINATOR: "gradient_adversarial"}


def _view(part: str, image: Tensor) -> Tensor:
    return central_magnitude(image) if part == GRADIENT_DISCRIMINATOR else image


def require_settings(recipe: Recipe) -> Adversarial:
    """The adversarial settings, which the recipe's own validation guarantees."""
    if recipe.adversarial is None:
        raise ValueError(f"recipe {recipe.name!r} has no adversarial settings")
    return recipe.adversarial

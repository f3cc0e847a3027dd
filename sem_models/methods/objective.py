"""The losses of a network's output: the weighted loss terms of a recipe, at one scale or at three."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm
from sem_models.losses.pixel import gaussian_nll, l1
from sem_models.losses.table import find_loss
from sem_models.networks.blocks import halve
from sem_models.physics.gradient import central_magnitude

PERCEPTUAL = ("perceptual", "perceptual_levels")
LIKELIHOOD = "gaussian_nll"
"""The loss term that compares the mean and the variance of a blind-spot network with the target."""
BRANCH = "gradient_branch"
"""The loss term that compares the map drawn by a gradient branch with the gradient map of the target."""


class Objective:
    """The weighted losses of a recipe, by name; called with a network, it asks for every output that they compare."""

    def __init__(self, recipe: Recipe, terms: Sequence[LossTerm]) -> None:
        """Look up the loss functions; raises a `UserError` for an unknown one."""
        self._pyramid = capabilities(recipe.network).auxiliary == "pyramid"
        self._draws = any(term.name == BRANCH for term in terms)
        self._branch_weight = sum(term.weight for term in terms if term.name == BRANCH)
        self._likelihood_weight = sum(term.weight for term in terms if term.name == LIKELIHOOD)
        plain = [term for term in terms if term.name not in (BRANCH, LIKELIHOOD)]
        named = [(loss_name(recipe, term), term.weight) for term in plain]
        self._terms = [(name, weight, find_loss(name)) for name, weight in named]

    def __call__(self, network: Any, x: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the output (N, C', H x scale, W x scale) for `x` (N, C, H, W), and its losses against `target`."""
        if self._pyramid:
            outputs = network.pyramid(x)
            return outputs[-1], self._at_every_scale(outputs, target)
        if self._likelihood_weight:
            mean, log_variance = network.moments(x)
            likelihood = self._likelihood_weight * gaussian_nll(mean, log_variance, target)
            return mean, {**self.compare(mean, target), LIKELIHOOD: likelihood}
        if not self._draws:
            output: Tensor = network(x)
            return output, self.compare(output, target)
        output, drawn = network.with_gradient(x)
        branch = self._branch_weight * l1(drawn, central_magnitude(target))
        return output, {**self.compare(output, target), BRANCH: branch}

    def _at_every_scale(self, outputs: Sequence[Tensor], target: Tensor) -> dict[str, Tensor]:
        """Return means over the three scales, so that every scale learns (Nah et al., CVPR 2017, equation 1)."""
        half = halve(target)
        compared = [
            self.compare(output, wanted) for output, wanted in zip(outputs, (halve(half), half, target), strict=True)
        ]
        return {name: torch.stack([losses[name] for losses in compared]).mean() for name, _, _ in self._terms}

    def compare(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Return the weighted losses between two tensors of the same shape."""
        return {name: weight * loss(output, target) for name, weight, loss in self._terms}


def loss_name(recipe: Recipe, term: LossTerm) -> str:
    """Return the name of a term in the loss table; a perceptual one ends in the recipe's backbone there."""
    return f"{term.name}_{recipe.perceptual}" if term.name in PERCEPTUAL else term.name

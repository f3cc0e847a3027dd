"""Exponential moving average of weights: what is validated and shipped."""

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """Shadow weights; the decay climbs as (1 + n) / (10 + n), so that early weights are forgotten quickly."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Start from the weights of `network`; decay 0 keeps no memory at all."""
        self._decay = decay
        self._optimiser_steps = 0
        self.weights: dict[str, Tensor] = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the present weights."""
        self._optimiser_steps += 1
        decay = min(self._decay, (1 + self._optimiser_steps) / (10 + self._optimiser_steps))
        for name, value in network.state_dict().items():
            shadow = self.weights[name]
            if shadow.is_floating_point():
                shadow.lerp_(value, 1 - decay)
            else:
                shadow.copy_(value)

    def state_dict(self) -> dict[str, object]:
        """Weights and the number of updates."""
        return {"updates": self._optimiser_steps, "weights": self.weights}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on from `state`."""
        weights, updates = state["weights"], state["updates"]
        if not isinstance(weights, dict) or not isinstance(updates, int):
            raise TypeError("not the state of an average")
        self._optimiser_steps = updates
        for name, value in weights.items():
            self.weights[name].copy_(value)


class Averages:
    """One average for each network that a run ships: its restorer, and the backward generator where there is one."""

    def __init__(self, restorer: nn.Module, backward: nn.Module | None, decay: float) -> None:
        """Start from the weights of both, without any wrapper."""
        self._restorer, self._backward, self._decay = restorer, backward, decay
        self._of_restorer = ExponentialMovingAverage(restorer, decay)
        self._of_backward = ExponentialMovingAverage(backward, decay) if backward is not None else None

    @property
    def weights(self) -> dict[str, Tensor]:
        """Of the restorer."""
        return self._of_restorer.weights

    @property
    def backward(self) -> dict[str, Tensor] | None:
        """Of the backward generator; None where the method has none."""
        return self._of_backward.weights if self._of_backward else None

    def update(self) -> None:
        """Move towards the present weights of both."""
        self._of_restorer.update(self._restorer)
        if self._of_backward and self._backward is not None:
            self._of_backward.update(self._backward)

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Begin the restorer's anew from weights that were learned before."""
        self._of_restorer.load_state_dict({"updates": 0, "weights": weights})

    def state_dict(self) -> dict[str, object]:
        """As of a single average, and that of the backward generator under its name."""
        further = {"backward": self._of_backward.state_dict()} if self._of_backward else {}
        return {**self._of_restorer.state_dict(), **further}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on from `state`; the networks must have their weights of that time."""
        self._of_restorer.load_state_dict(state)
        if self._of_backward is None or self._backward is None:
            return
        further = state.get("backward")
        if isinstance(further, dict):
            self._of_backward.load_state_dict(further)
        else:
            # States from before it was averaged: an average of what there is.
            self._of_backward = ExponentialMovingAverage(self._backward, self._decay)

"""Exponential moving average of weights: what is validated and shipped."""

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """Shadow weights; the decay climbs as (1 + n) / (10 + n), so that early weights are forgotten quickly."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Start from the weights of `network`; decay 0 keeps no memory at all."""
        self._decay = decay
        self._updates = 0
        self.weights: dict[str, Tensor] = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the present weights."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, value in network.state_dict().items():
            shadow = self.weights[name]
            if shadow.is_floating_point():
                shadow.lerp_(value, 1 - decay)
            else:
                shadow.copy_(value)

    def state_dict(self) -> dict[str, object]:
        """Weights and the number of updates."""
        return {"updates": self._updates, "weights": self.weights}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on from `state`."""
        weights, updates = state["weights"], state["updates"]
        if not isinstance(weights, dict) or not isinstance(updates, int):
            raise TypeError("not the state of an average")
        self._updates = updates
        for name, value in weights.items():
            self.weights[name].copy_(value)

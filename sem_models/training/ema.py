"""Exponential moving average of weights, which is what is validated and saved for use."""

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """Averaged weights; the decay rises as (1 + n) / (10 + n) after n updates, so that early weights fade quickly."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Start from the weights of `network`, whose tensors must stay; with decay 0 they are the average."""
        self._decay = decay
        self._optimiser_steps = 0
        # These share the memory of the network, in which optimisers and loaded states write.
        current = network.state_dict()
        self.weights: dict[str, Tensor] = (
            {name: value.detach().clone() for name, value in current.items()} if decay else current
        )
        averaged = [name for name, value in current.items() if value.is_floating_point()]
        self._averages, self._latest = ([of[name] for name in averaged] for of in (self.weights, current))
        self._counts = [(self.weights[name], value) for name, value in current.items() if name not in averaged]

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the current weights."""
        self._optimiser_steps += 1
        if not self._decay:
            return
        decay = min(self._decay, (1 + self._optimiser_steps) / (10 + self._optimiser_steps))
        torch._foreach_lerp_(self._averages, self._latest, 1 - decay)
        for count, latest in self._counts:
            count.copy_(latest)

    def state_dict(self) -> dict[str, object]:
        """Return the averaged weights and the number of updates."""
        return {"updates": self._optimiser_steps, "weights": self.weights}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Continue from `state`."""
        weights, updates = state["weights"], state["updates"]
        if not isinstance(weights, dict) or not isinstance(updates, int):
            raise TypeError("not the state of an average")
        self._optimiser_steps = updates
        for name, value in weights.items():
            self.weights[name].copy_(value)


class Averages:
    """The averages of the networks that a run saves for use: the generator and, in a cycle, the backward generator."""

    def __init__(self, restorer: nn.Module, backward: nn.Module | None, decay: float) -> None:
        """Start from the weights of both networks, given without Fabric's wrapper."""
        self._backward, self._decay = backward, decay
        self._of_restorer = ExponentialMovingAverage(restorer, decay)
        self._of_backward = ExponentialMovingAverage(backward, decay) if backward is not None else None

    @property
    def weights(self) -> dict[str, Tensor]:
        """Averaged weights of the generator."""
        return self._of_restorer.weights

    @property
    def backward(self) -> dict[str, Tensor] | None:
        """Averaged weights of the backward generator; None if the method has none."""
        return self._of_backward.weights if self._of_backward else None

    def update(self) -> None:
        """Move the averages towards the current weights."""
        self._of_restorer.update()
        if self._of_backward:
            self._of_backward.update()

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Restart the generator's average from weights of an earlier run."""
        self._of_restorer.load_state_dict({"updates": 0, "weights": weights})

    def state_dict(self) -> dict[str, object]:
        """Return the state of the generator's average and, under `backward`, that of the backward generator's."""
        backward = {"backward": self._of_backward.state_dict()} if self._of_backward else {}
        return {**self._of_restorer.state_dict(), **backward}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Continue from `state`; the networks must have their weights of that time already."""
        self._of_restorer.load_state_dict(state)
        if self._of_backward is None or self._backward is None:
            return
        backward = state.get("backward")
        if isinstance(backward, dict):
            self._of_backward.load_state_dict(backward)
        else:
            # Old states have no average of it: start one from the current weights.
            self._of_backward = ExponentialMovingAverage(self._backward, self._decay)

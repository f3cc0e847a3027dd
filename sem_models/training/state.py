"""What a run needs for an exact resume: the content of `state.pt`, tensors and plain values only."""

from dataclasses import dataclass, field
from typing import Any

import torch
from lightning_fabric import Fabric

from sem_models.config.validation_scores import Ranking
from sem_models.methods.base import Method
from sem_models.methods.optimisers import continue_from
from sem_models.tasks.batches import BatchSource
from sem_models.training.devices import gathered, share_of
from sem_models.training.ema import Averages
from sem_models.training.hardware import bare


@dataclass
class Counters:
    """The counters of the training loop."""

    step: int = 0
    best_step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    validations_since_best: int = 0

    def begin_stage(self) -> None:
        """Forget the best scores, which are not comparable between stages."""
        self.best, self.validations_since_best = {}, 0

    def validated(self, scores: dict[str, float], ranking: Ranking | None) -> bool:
        """Record the scores of a validation; returns whether they are the best, as the newest always are unranked."""
        if ranking is None or not self.best or ranking.quality(scores) > ranking.quality(self.best):
            self.best_step, self.best, self.validations_since_best = self.step, scores, 0
            return True
        self.validations_since_best += 1
        return False


@dataclass(frozen=True)
class RunState:
    """Everything that changes during a run; networks and optimisers by name, so that a method may have several."""

    method: Method
    ema: Averages
    batches: BatchSource
    counters: Counters
    fabric: Fabric
    seed: int

    def state_dict(self) -> dict[str, Any]:
        """Return the current state."""
        return {
            "progress": vars(self.counters).copy(),
            "networks": {name: bare(network).state_dict() for name, network in self.method.networks.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.method.optimisers.items()},
            "ema": self.ema.state_dict(),
            "batches": self.batches.state_dict(),
            "torch_rng": torch.get_rng_state(),
            **self._of_all_processes(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue exactly from `state`."""
        for name, network in self.method.networks.items():
            bare(network).load_state_dict(state["networks"][name])
        for name, optimiser in self.method.optimisers.items():
            continue_from(optimiser, state["optimisers"][name])
        self.ema.load_state_dict(state["ema"])
        self.batches.load_state_dict(state["batches"])
        torch.set_rng_state(state["torch_rng"])
        vars(self.counters).update(state["progress"])
        self._continue_own_numbers(state.get("processes", {}))

    def _of_all_processes(self) -> dict[str, Any]:
        """Return the states of all random generators that differ between processes; nothing for a single one."""
        if self.fabric.world_size == 1:
            return {}
        own = {"torch_rng": torch.get_rng_state(), "noise": self.batches.noise.get_state()}
        return {"processes": {name: gathered(self.fabric, state) for name, state in own.items()}}

    def _continue_own_numbers(self, stored: dict[str, torch.Tensor]) -> None:
        """Continue the random numbers of this process; one that did not exist before begins new ones."""
        share = share_of(self.fabric)
        if stored and share.index < len(stored["noise"]):
            # Copies, because generators misread a state that lies inside another tensor.
            torch.set_rng_state(stored["torch_rng"][share.index].clone())
            self.batches.noise.set_state(stored["noise"][share.index].clone())
        elif share.index:
            seed = share.seed(self.seed + self.counters.step)
            torch.manual_seed(seed)
            self.batches.noise.manual_seed(seed + 1)

"""The training loop: one flat loop on Lightning Fabric that tells a reporter what happened."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from lightning_fabric import Fabric
from torch import nn

from sem_models.data.dataset import Dataset
from sem_models.inference.predictor import choose_device
from sem_models.methods.base import Batch
from sem_models.methods.table import build_method
from sem_models.model import RestorationModel
from sem_models.networks.table import build_network, capabilities
from sem_models.recipes import Recipe
from sem_models.training.batches import BatchSource
from sem_models.training.checkpoint import BEST, LAST, load_state, save_checkpoint
from sem_models.training.ema import ExponentialMovingAverage
from sem_models.training.guard import FiniteGuard
from sem_models.training.optimisers import learning_rate
from sem_models.training.pace import Pace
from sem_models.training.reporter import CheckpointKind, Reporter
from sem_models.training.validation import Validator

Reason = Literal["finished", "early_stop", "stopped"]


@dataclass(frozen=True)
class TrainResult:
    """How a run ended."""

    step: int
    reason: Reason
    best_step: int
    best: dict[str, float]


@dataclass
class _Progress:
    """What the loop itself has to remember over a resume."""

    step: int = 0
    best_step: int = 0
    best: dict[str, float] = field(default_factory=dict)
    validations_since_best: int = 0


def train(
    recipe: Recipe,
    dataset: Dataset,
    folder: Path,
    reporter: Reporter,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train to the end, to an early stop, or until `should_stop`; checkpoints go to `folder`.

    With `resume` the run goes on from `folder/checkpoint-last`; on a CPU N steps, a kill and N steps give the same
    weights, optimiser state and metrics as 2 N steps, bit for bit.

    Raises:
        UserError: Dataset and recipe do not fit, training diverged, or a checkpoint could not be written.
    """
    trainer = Trainer(recipe, dataset, folder, reporter)
    if resume:
        trainer.restore(load_state(folder / LAST))
    return trainer.run(should_stop)


class Trainer:
    """One run: its method, data, average, validator and counters."""

    def __init__(self, recipe: Recipe, dataset: Dataset, folder: Path, reporter: Reporter) -> None:
        """Build everything on the best device of this machine."""
        facts = capabilities(recipe.network)
        device = choose_device()
        self._fabric = Fabric(accelerator=device, devices=1, precision=_precision(recipe, device))
        torch.manual_seed(recipe.train.seed)
        self._recipe, self._folder, self._reporter = recipe, folder, reporter
        self._method = build_method(recipe, self._fabric)
        self._batches = BatchSource(recipe, dataset, self._fabric.device)
        self._validate = Validator(recipe, dataset, facts.scale, device)
        self._ema = ExponentialMovingAverage(_bare(self._method.restorer), recipe.train.ema_decay)
        self._guard = FiniteGuard(recipe.optimiser.lr)
        self._pace = Pace(recipe.train.validate_every)
        self._progress = _Progress()

    def run(self, should_stop: Callable[[], bool]) -> TrainResult:
        """The loop."""
        settings, progress = self._recipe.train, self._progress
        reason: Reason = "finished"
        while progress.step < settings.steps:
            if should_stop():
                reason = "stopped"
                break
            self._step()
            if progress.step % settings.validate_every == 0 or progress.step == settings.steps:
                self._run_validation()
            if self._patience_is_over():
                reason = "early_stop"
                break
            if progress.step % settings.checkpoint_every == 0:
                self._save("last")
        self._save("last")
        return TrainResult(progress.step, reason, progress.best_step, progress.best)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state` was taken."""
        for name, network in self._method.networks.items():
            _bare(network).load_state_dict(state["networks"][name])
        for name, optimiser in self._method.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self._ema.load_state_dict(state["ema"])
        self._batches.load_state_dict(state["batches"])
        torch.set_rng_state(state["torch_rng"])
        self._progress = _Progress(**state["progress"])

    def _step(self) -> None:
        start = time.monotonic()
        step, settings = self._progress.step, self._recipe.train
        rate = learning_rate(self._recipe.optimiser.lr, self._recipe.schedule, step, settings.steps)
        batch = self._batches.next()
        data_s = time.monotonic() - start
        values: dict[str, float] = {"lr": rate}
        for part in self._method.parts:
            values |= self._update(part, batch, rate)
        self._ema.update(_bare(self._method.restorer))
        self._progress.step += 1
        self._pace.step(time.monotonic() - start)
        if self._progress.step % settings.log_every == 0:
            speed = {"speed/steps_per_s": self._pace.steps_per_s, "speed/data_ms": 1000 * data_s}
            self._reporter.metrics(self._progress.step, values | speed)
        if self._pace.due():
            left = settings.steps - self._progress.step
            self._reporter.progress(self._progress.step, settings.steps, self._pace.seconds_left(left))

    def _update(self, part: str, batch: Batch, rate: float) -> dict[str, float]:
        """One update of one part; skipped, with the weights untouched, where a number is not finite."""
        network, optimiser = self._method.networks[part], self._method.optimisers[part]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        losses = self._method.training_step(batch, part)
        total = torch.stack(list(losses.values())).sum()
        self._fabric.backward(total)
        norm = nn.utils.clip_grad_norm_(network.parameters(), self._recipe.train.grad_clip)
        values = {f"train/{name}": float(loss.detach()) for name, loss in losses.items()}
        values |= {f"train/{part}_total": float(total.detach()), f"grad_norm/{part}": float(norm)}
        if self._guard.allows(self._progress.step, values[f"train/{part}_total"], values[f"grad_norm/{part}"]):
            optimiser.step()
        return values

    def _run_validation(self) -> None:
        start = time.monotonic()
        progress = self._progress
        scores = self._validate(self._averaged_model(), progress.step, self._reporter)
        self._reporter.metrics(progress.step, scores)
        if scores["val/psnr_db"] > progress.best.get("val/psnr_db", float("-inf")):
            progress.best_step, progress.best, progress.validations_since_best = progress.step, scores, 0
            self._save("best")
        else:
            progress.validations_since_best += 1
        self._pace.validation(time.monotonic() - start)

    def _patience_is_over(self) -> bool:
        patience = self._recipe.train.early_stop
        return patience is not None and self._progress.validations_since_best >= patience

    def _averaged_model(self) -> RestorationModel:
        network = build_network(self._recipe.network)
        network.load_state_dict(self._ema.weights)
        network = network.to(self._fabric.device).eval().requires_grad_(False)
        if capabilities(self._recipe.network).channels_last:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return RestorationModel(self._recipe, network, self._recipe.name)

    def _save(self, kind: CheckpointKind) -> None:
        folder = self._folder / (LAST if kind == "last" else BEST)
        state = {
            "progress": vars(self._progress).copy(),
            "networks": {name: _bare(network).state_dict() for name, network in self._method.networks.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self._method.optimisers.items()},
            "ema": self._ema.state_dict(),
            "batches": self._batches.state_dict(),
            "torch_rng": torch.get_rng_state(),
        }
        save_checkpoint(folder, self._recipe, self._ema.weights, state)
        self._reporter.checkpoint(self._progress.step, folder, kind)


def _precision(recipe: Recipe, device: str) -> Literal["32-true", "bf16-mixed"]:
    """bf16 only on a CUDA device with hardware for it and a network that is safe with it."""
    if recipe.train.precision != "auto":
        return recipe.train.precision
    safe = device == "cuda" and capabilities(recipe.network).half_safe and torch.cuda.is_bf16_supported()
    return "bf16-mixed" if safe else "32-true"


def _bare(network: nn.Module) -> nn.Module:
    """The network without Fabric's wrapper."""
    inner = getattr(network, "module", network)
    return inner if isinstance(inner, nn.Module) else network

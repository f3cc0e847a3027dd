"""What a training will cost, measured on a few of its steps: the same recipe, dataset, device and loop."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.inference.storage import load_weights
from sem_models.memory import freed_memory_kept
from sem_models.methods.stages import Stage
from sem_models.methods.table import stages
from sem_models.progress import Progress, silent
from sem_models.reporter import Silent
from sem_models.training.memory_use import peak_bytes
from sem_models.training.trainer import Trainer

STEPS = 10
"""Steps of each stage that are timed."""
_WARM_UP = 2
"""Steps before them, in which libraries choose their kernels and memory is taken for the first time."""


@dataclass(frozen=True)
class StageCost:
    """The cost of one stage of a recipe."""

    name: str
    steps: int
    step_s: float
    """Mean duration of a step with its share of the loading of images."""


@dataclass(frozen=True)
class Cost:
    """The cost of a training that runs to its last step. An early stop makes it shorter."""

    device: str
    start_s: float
    """Building the networks, and reading the images."""
    stages: tuple[StageCost, ...]
    validation_s: float
    validations: int
    checkpoint_s: float
    checkpoints: int
    """The most that are written: one after each validation, as though each found the best weights so far."""
    peak_bytes: int
    """Memory of the GPU, or else main memory of the whole process."""

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return sum(stage.steps for stage in self.stages)

    @property
    def total_s(self) -> float:
        """Estimate of the whole training."""
        steps_s = sum(stage.steps * stage.step_s for stage in self.stages)
        return self.start_s + steps_s + self.validations * self.validation_s + self.checkpoints * self.checkpoint_s


def probe(
    recipe: Recipe, dataset: Dataset, folder: Path, initial: Path | None = None, progress: Progress = silent
) -> Cost:
    """Train some steps of each stage, validate and write a checkpoint, and estimate the whole from their durations.

    Args:
        recipe: As a training would get it; neither its steps nor its validations are changed.
        dataset: Its images are read as for a training.
        folder: Gets the checkpoint, and may be deleted afterwards.
        initial: The model folder that the training would start from.
        progress: Counts what is measured.

    Raises:
        UserError: As `train`.
    """
    start = time.monotonic()
    prober = _Prober(recipe, dataset, folder, Silent())
    if initial:
        prober.start_from(load_weights(initial))
    start_s = time.monotonic() - start
    all_stages, measured = stages(recipe), []
    with freed_memory_kept():
        for index, stage in enumerate(all_stages):
            progress(index, len(all_stages) + 1, "measurements")
            measured.append(StageCost(stage.name, stage.steps, prober.step_s(stage)))
        progress(len(all_stages), len(all_stages) + 1, "measurements")
        validation_s, checkpoint_s = prober.validation_s(), prober.checkpoint_s()
    progress(len(all_stages) + 1, len(all_stages) + 1, "measurements")
    validations = _count(recipe.train.validate_every, all_stages)
    return Cost(
        device=prober.device.type,
        start_s=start_s,
        stages=tuple(measured),
        validation_s=validation_s,
        validations=validations,
        checkpoint_s=checkpoint_s,
        checkpoints=validations + _count(recipe.train.checkpoint_every, all_stages),
        peak_bytes=peak_bytes(prober.device),
    )


def _count(every: int, all_stages: tuple[Stage, ...]) -> int:
    """Count what happens every so many steps, and at the end of each stage."""
    return len({*range(every, all_stages[-1].end + 1, every), *(stage.end for stage in all_stages)})


class _Prober(Trainer):
    """A trainer that measures single parts of a training instead of running it."""

    @property
    def device(self) -> torch.device:
        """The device that the training would use."""
        return self._fabric.device

    def step_s(self, stage: Stage) -> float:
        """Return the mean duration of a step, as if the training had come to the beginning of that stage."""
        self._counters.step = stage.first
        self._train(stage, _WARM_UP)
        start = time.monotonic()
        self._train(stage, STEPS)
        return (time.monotonic() - start) / STEPS

    def validation_s(self) -> float:
        """Return the duration of a validation."""
        start = time.monotonic()
        self._validator(self._model(), self._counters.step, self._reporter)
        return time.monotonic() - start

    def checkpoint_s(self) -> float:
        """Return the time that it takes to write a checkpoint."""
        start = time.monotonic()
        self._save("last")
        return time.monotonic() - start

    def _train(self, stage: Stage, count: int) -> None:
        for _ in range(count):
            # A stage may be shorter than what is measured.
            self._counters.step = min(self._counters.step, stage.end - 1)
            self._step(stage)
        # Waits for the device, which otherwise has only been told what to do.
        self._optimiser_steps.refuse_divergence(stage, self._counters.step)

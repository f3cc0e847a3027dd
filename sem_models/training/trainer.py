"""The training loop: one flat loop on Lightning Fabric that sends metrics, samples and checkpoints to a reporter."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.model import RestorationModel
from sem_models.inference.storage import Belongings, build_model, load_weights
from sem_models.memory import freed_memory_kept
from sem_models.methods.calibration import Calibrated
from sem_models.methods.stages import BACKWARD, Stage
from sem_models.methods.table import build_method, find_method, stage_at
from sem_models.reporter import CheckpointKind, Reporter
from sem_models.tasks.batches import BatchSource
from sem_models.tasks.compatibility import check_compatible
from sem_models.tasks.table import find_task
from sem_models.training.checkpoint import BEST, FOLDERS, LAST, load_state, mend, recover, save_checkpoint
from sem_models.training.devices import share_of
from sem_models.training.ema import Averages
from sem_models.training.file_monitor import FileMonitor
from sem_models.training.hardware import bare, open_fabric
from sem_models.training.learned_inputs import learned_inputs
from sem_models.training.monitoring import StepLogger
from sem_models.training.optimiser_steps import OptimiserSteps
from sem_models.training.state import Counters, RunState
from sem_models.validation.base import Validator
from sem_models.validation.windows import validation_part

Reason = Literal["finished", "early_stop", "stopped"]
_AGREE_EVERY = 10
"""Steps between two agreements of several processes whether to stop."""


@dataclass(frozen=True)
class TrainResult:
    """How a run ended."""

    step: int
    reason: Reason
    best_step: int
    best: dict[str, float]


def train(
    recipe: Recipe,
    dataset: Dataset,
    folder: Path,
    reporter: Reporter,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
    initial: Path | None = None,
    devices: int = 1,
) -> TrainResult:
    """Train to the end, to an early stop, or until `should_stop`; checkpoints go to `folder`.

    With several `devices`, each of as many processes calls this with the same arguments, and has an environment that
    says which of them it is (`open_fabric`). The batch is then `devices` times `train.batch`. Only the first process
    writes to `folder` and `reporter` and is asked whether to stop. A run may be resumed with another number of devices.

    With `resume` the run continues from `folder/checkpoint-last`, or from the previous checkpoint if that is damaged:
    on a CPU, N steps, a kill and N more steps give the same weights, optimiser state and metrics as 2 N steps, bit for
    bit. Otherwise it starts from the weights of the model folder `initial`, if one is given.

    Raises:
        UserError: Dataset and recipe are not compatible, training diverged, or a checkpoint could not be written.
    """
    trainer = Trainer(recipe, dataset, folder, reporter, devices)
    if resume:
        trainer.resume()
    elif initial:
        trainer.start_from(load_weights(initial))
    return trainer.run(should_stop)


class Trainer:
    """One run: its method, batches, averaged weights, validator and counters."""

    def __init__(self, recipe: Recipe, dataset: Dataset, folder: Path, reporter: Reporter, devices: int = 1) -> None:
        """Build everything on the best device of this machine, or on that of this process."""
        self._recipe, self._folder, self._reporter = recipe, folder, reporter
        check_compatible(recipe, dataset.manifest)
        self._files = FileMonitor(dataset, reporter)
        dataset = Dataset(dataset.folder, find_task(recipe).learned_from(recipe, dataset.manifest))
        self._fabric = open_fabric(recipe, devices)
        share = share_of(self._fabric)
        self._tells = share.index == 0
        torch.manual_seed(recipe.train.seed)
        # From the same seed, so that all processes begin with the same weights.
        self._method = build_method(recipe, self._fabric)
        if share.index:
            torch.manual_seed(share.seed(recipe.train.seed))
        self._batches = BatchSource(recipe, dataset, self._fabric.device, share)
        backward = self._method.networks.get(BACKWARD)
        shipped = bare(self._method.network), bare(backward) if backward is not None else None
        self._ema = Averages(*shipped, recipe.train.ema_decay)
        self._counters = Counters()
        self._state = RunState(self._method, self._ema, self._batches, self._counters, self._fabric, recipe.train.seed)
        self._dataset = dataset
        self._part: dict[str, int] = {"validation_px": (part := validation_part(recipe, dataset)).edge_px}
        self._validator = self._validator_on(part)
        self._measured: tuple[int, Calibrated] | None = None
        self._calibrate = find_method(recipe).calibration(recipe, dataset)
        self._optimiser_steps = OptimiserSteps(self._method, self._fabric, recipe.train.grad_clip)
        self._step_logger = StepLogger(recipe, self._method, reporter, self._fabric.device)

    def resume(self) -> None:
        """Continue exactly from the newest sound checkpoint."""
        if self._tells:
            mend(self._folder / BEST)
            recover(self._folder / LAST)
        self._fabric.barrier()
        state = load_state(self._folder / LAST)
        self._state.load_state_dict(state)
        if "validation_px" not in state:
            # Runs of earlier versions are ranked by whole images to their end.
            self._part, self._validator = {}, self._validator_on(self._dataset)

    def _validator_on(self, dataset: Dataset) -> Validator:
        return find_task(self._recipe).validator(self._recipe, dataset, self._fabric.device.type)

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Start the generator and its average from weights of an earlier run."""
        bare(self._method.network).load_state_dict(weights)
        self._ema.start_from(weights)

    def run(self, should_stop: Callable[[], bool]) -> TrainResult:
        """Train until the end, an early stop or `should_stop`, and save the last checkpoint."""
        with freed_memory_kept():
            reason = self._loop(should_stop)
        self._files.look(self._counters.step)
        self._save("last")
        done = self._counters
        self._step_logger.end(done.step)
        return TrainResult(done.step, reason, done.best_step, done.best)

    def _loop(self, should_stop: Callable[[], bool]) -> Reason:
        settings, counters = self._recipe.train, self._counters
        while counters.step < settings.steps:
            if self._patience_is_over():
                return "early_stop"
            if self._is_over(should_stop):
                return "stopped"
            stage = stage_at(self._recipe, counters.step)
            self._step(stage)
            last, turn = counters.step == settings.steps, counters.step == stage.end
            if counters.step % settings.validate_every == 0 or last or turn:
                self._run_validation(stage)
            if turn and not last:
                self._save("stage")
                counters.begin_stage()
            if counters.step % settings.checkpoint_every == 0 and not last and self._optimiser_steps.are_sound:
                self._save("last")
        return "finished"

    def _step(self, stage: Stage) -> None:
        start = time.monotonic()
        step = self._counters.step
        if step == stage.first:
            self._optimiser_steps.begin(stage)
            self._step_logger.throughput.reset()
        batch = self._batches.next()
        data_s = time.monotonic() - start
        values = self._optimiser_steps(batch, stage, step)
        self._ema.update()
        self._counters.step += 1
        if self._step_logger.is_due(self._counters.step):
            self._optimiser_steps.refuse_divergence(stage, step)
        rate = stage.rate(stage.parts[0], step)
        if self._tells:
            self._step_logger.step(self._counters.step, rate, values, time.monotonic() - start, data_s)

    def _is_over(self, should_stop: Callable[[], bool]) -> bool:
        """Ask whether to stop; several processes must agree, which costs a little, so they do so now and then."""
        if self._fabric.world_size == 1:
            return should_stop()
        return self._counters.step % _AGREE_EVERY == 0 and self._fabric.broadcast(self._tells and should_stop())

    def _run_validation(self, stage: Stage) -> None:
        """Validate in the first process; the others take over what it found."""
        start = time.monotonic()
        is_best = self._tells and self._validated(stage)
        if self._fabric.world_size > 1:
            is_best, counters = self._fabric.broadcast((is_best, vars(self._counters)))
            vars(self._counters).update(counters)
        if is_best:
            self._save("best")
        self._step_logger.throughput.validation(time.monotonic() - start)

    def _validated(self, stage: Stage) -> bool:
        """Score and report the present weights; returns whether they are the best so far."""
        scores = self._validator(self._model(), self._counters.step, self._reporter)
        self._reporter.metrics(self._counters.step, scores)
        self._files.look(self._counters.step)
        ranking = None if stage.keeps_last else self._validator.score.ranking
        return self._optimiser_steps.are_sound and self._counters.validated(scores, ranking)

    @cached_property
    def _learned(self) -> InputReference | None:
        return learned_inputs(self._recipe, self._dataset)

    def _model(self) -> RestorationModel:
        """Return the model as users will have it, with what is measured for the present weights."""
        model = build_model(self._recipe, self._ema.weights, self._fabric.device)
        if self._calibrate is None:
            return model
        step = self._counters.step
        if self._measured is None or self._measured[0] != step:
            self._measured = step, self._calibrate(model)
        posterior, warning = self._measured[1]
        if warning:
            self._reporter.warning(step, "posterior-mean", warning)
        return replace(model, posterior=posterior)

    def _patience_is_over(self) -> bool:
        patience = self._recipe.train.early_stop
        return patience is not None and self._counters.validations_since_best >= patience

    def _save(self, kind: CheckpointKind) -> None:
        folder, state = self._folder / FOLDERS[kind], self._state.state_dict() | self._part
        if not self._tells:
            return
        posterior = self._model().posterior if self._calibrate else None
        belongings = Belongings(posterior, self._learned)
        save_checkpoint(folder, self._recipe, self._ema.weights, state, self._ema.backward, belongings)
        self._reporter.checkpoint(self._counters.step, folder, kind)

"""Requests about training: start one, measure one before it starts, continue one, mix the two ends of one."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from pipelines.jobs.choice import EXECUTOR, ExecutorName
from pipelines.model_ref import StartField
from pipelines.names import DatasetField, ExperimentField, RunIdField
from pipelines.request import Request
from pipelines.tracking.keys import Experiment
from sem_models.errors import FieldRef, UserError


class RecipeRequest(Request):
    """A recipe, or that of an earlier run, and what it is to learn from."""

    recipe: str | None = Field(None, description="Name of a recipe.")
    branch: RunIdField | None = Field(None, description="Run whose recipe is taken over, instead of one by name.")
    dataset: DatasetField = Field(description="Name of a prepared dataset.")
    changes: tuple[str, ...] = Field((), description="KEY=VALUE, for example train.steps=200.")
    init: StartField | None = Field(
        None,
        description="Run, or starter model such as starter:denoise, whose weights, learned by pixel losses, are the "
        "start; the pixel stage is then left out.",
    )

    @model_validator(mode="after")
    def _has_one_recipe(self) -> Self:
        if (self.recipe is None) == (self.branch is None):
            raise UserError("Name either a ", FieldRef("recipe"), " or a run to ", FieldRef("branch"), " from.")
        return self


class TrainRequest(RecipeRequest):
    """Train a recipe on a dataset."""

    use_case: ClassVar[str] = "train"

    experiment: ExperimentField = Field(Experiment.DEFAULT, description="Experiment in MLflow.")
    queue: bool = Field(False, description="Train in the background, as soon as a slot is free.")
    executor: ExecutorName | None = Field(None, description=EXECUTOR)
    devices: int = Field(
        1, ge=1, description="GPUs to train on, each with a batch of its own; without a GPU, processes."
    )


class ProbeRequest(RecipeRequest):
    """Measure a few steps of a training and estimate the whole; nothing is kept."""

    use_case: ClassVar[str] = "probe"


class FindRateRequest(RecipeRequest):
    """Find a learning rate by a short range test; nothing is kept."""

    use_case: ClassVar[str] = "find-rate"


class ResumeRequest(Request):
    """Continue a training that was stopped."""

    use_case: ClassVar[str] = "resume"

    run_id: RunIdField = Field(description="Run to continue.")
    queue: bool = Field(False, description="Train in the background, as soon as a slot is free.")
    executor: ExecutorName | None = Field(None, description=EXECUTOR)
    devices: int | None = Field(
        None, ge=1, description="Number of GPUs from now on, if another; the batch changes with it."
    )


class InterpolateRequest(Request):
    """Mix the weights of the two ends of a GAN training."""

    use_case: ClassVar[str] = "interpolate"

    run_id: RunIdField = Field(description="A training with a pixel and an adversarial stage.")
    alpha: float = Field(0.5, ge=0, le=1, description="0: pixel losses only; 1: the adversarial end.")


class LessonRequest(Request):
    """Simulate micrographs, prepare them, and train, score and register a model."""

    use_case: ClassVar[str] = "lesson"

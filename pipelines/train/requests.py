"""Requests about training: start one, continue one, mix the two ends of one."""

from typing import ClassVar

from pydantic import Field

from pipelines.model_ref import StartField
from pipelines.names import DatasetField, ExperimentField, RunIdField
from pipelines.request import Request
from pipelines.tracking.keys import Experiment


class TrainRequest(Request):
    """Train a recipe on a dataset."""

    use_case: ClassVar[str] = "train"

    recipe: str = Field(description="Name of a recipe (see `recipes`).")
    dataset: DatasetField = Field(description="Name of a prepared dataset.")
    changes: tuple[str, ...] = Field((), description="KEY=VALUE, for example train.steps=200.")
    experiment: ExperimentField = Field(Experiment.DEFAULT, description="Experiment in MLflow.")
    init: StartField | None = Field(
        None,
        description="Run, or starter model such as starter:denoise, whose weights, learned by pixel losses, are the "
        "start; the pixel stage is then left out.",
    )
    queue: bool = Field(False, description="Train in the background, as soon as a slot is free.")
    devices: int = Field(
        1, ge=1, description="GPUs to train on, each with a batch of its own; without a GPU, processes."
    )


class ResumeRequest(Request):
    """Continue a training that was stopped."""

    use_case: ClassVar[str] = "resume"

    run_id: RunIdField = Field(description="Run to continue.")
    queue: bool = Field(False, description="Train in the background, as soon as a slot is free.")
    devices: int | None = Field(
        None, ge=1, description="Number of GPUs from now on, if another; the batch changes with it."
    )


class InterpolateRequest(Request):
    """Mix the weights of the two ends of a GAN training."""

    use_case: ClassVar[str] = "interpolate"

    run_id: RunIdField = Field(description="A training with a pixel and an adversarial stage.")
    alpha: float = Field(0.5, ge=0, le=1, description="0: pixel losses only; 1: the adversarial end.")


class DemoRequest(Request):
    """Simulate micrographs, prepare them, and train, score and register a model."""

    use_case: ClassVar[str] = "demo"

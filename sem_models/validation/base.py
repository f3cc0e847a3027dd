"""The interface of a validator, which scores a model during training."""

from typing import Protocol

from sem_models.config.validation_scores import ValidationScore
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.reporter import Reporter


class Validator(Protocol):
    """Built once for a run, so that it always scores the same images in the same way."""

    @property
    def score(self) -> ValidationScore:
        """The main score of a model, and how checkpoints are ranked by it."""

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Return scores of `model`, means over images; the first images go to the reporter as panels."""


def validating(model: UnitModel, device: str) -> Predictor:
    """Return the predictor of a validation, which PyTorch computes whatever is faster.

    Another backend is chosen by measured times. A resumed training could then round its scores in another way than one
    that was not interrupted.
    """
    return Predictor(model, device, backend="torch")

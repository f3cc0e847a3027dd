"""What looks at a model between steps."""

from typing import Protocol

from sem_models.config.validation_scores import ValidationScore
from sem_models.inference.model import UnitModel
from sem_models.reporter import Reporter


class Validator(Protocol):
    """Made once for a run, so that it looks at the same images in the same way each time."""

    @property
    def score(self) -> ValidationScore:
        """What says most of a model, and which score ranks checkpoints."""

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """Scores of `model`, means over images; the first images go to the reporter as panels."""

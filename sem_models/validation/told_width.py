"""Validation of models that are told the width of the blur: on images blurred by one width, which they are told."""

from sem_models.config.validation_scores import ValidationScore
from sem_models.inference.model import UnitModel
from sem_models.inference.told_width import at_strength
from sem_models.reporter import Reporter
from sem_models.validation.base import Validator


class ToldWidthValidator:
    """Scores a model at a fixed strength, so that checkpoints do not depend on its default."""

    def __init__(self, validator: Validator, width_px: float) -> None:
        """Take a validator whose inputs are blurred by a Gaussian of sigma `width_px`."""
        self._validator, self._width_px = validator, width_px

    @property
    def score(self) -> ValidationScore:
        """See `Validator`."""
        return self._validator.score

    def __call__(self, model: UnitModel, step: int, reporter: Reporter) -> dict[str, float]:
        """See `Validator`."""
        return self._validator(at_strength(model, self._width_px), step, reporter)

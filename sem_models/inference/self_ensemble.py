"""The mean of what a model makes of an image in several orientations, and how far these outputs differ.

Geometric self-ensemble (Timofte, Rothe and Van Gool, CVPR 2016): the image is flipped and turned, each orientation goes
through the network, and the outputs are turned back and averaged. Their standard deviation is large where the network
contradicts itself. It is not calibrated: an error that all orientations share does not show.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sem_models.images.intensity import from_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin
from sem_models.images.stack import stack_to_unit
from sem_models.inference.model import step_of
from sem_models.inference.predictor import Predictor
from sem_models.inference.scaling import measured_limits, scaling_for
from sem_models.progress import Progress, part_of, silent

FLIPS, FLIPS_AND_TURNS = tuple(range(4)), tuple(range(8))
"""Orientations by number: bits 1 and 2 flip columns and rows, bit 4 exchanges rows and columns before that."""
_COLUMNS, _ROWS, _TRANSPOSED = 1, 2, 4


@dataclass(frozen=True)
class Ensemble:
    """Mean and standard deviation over the orientations of one image."""

    mean: Micrograph
    """In the data type and units that the model gives alone."""
    deviation: Micrograph
    """float32, in the same units; divided by the number of orientations."""


def restore_in_orientations(
    predictor: Predictor,
    micrograph: Micrograph,
    orientations: tuple[int, ...] = FLIPS_AND_TURNS,
    origin: Origin = Origin.RESTORED,
    progress: Progress = silent,
) -> Ensemble:
    """Apply a model to a micrograph in several orientations.

    Args:
        predictor: With the model.
        micrograph: With the channels that the model takes.
        orientations: `FLIPS` where scan lines must stay horizontal, else `FLIPS_AND_TURNS`.
        origin: Kind of the output, as for `Predictor.predict`.
        progress: Called as tiles are finished, for all orientations together.

    Raises:
        UserError: The model takes another number of channels.
    """
    image = predictor.accepted(micrograph)
    scaling = scaling_for(predictor.model, measured_limits(image), origin)
    unit = stack_to_unit(image.pixels, image.parts, scaling.inputs).transpose(2, 0, 1)
    mean, squares = _moments(predictor, np.ascontiguousarray(unit), orientations, progress)
    pixels, _ = from_unit(mean.transpose(1, 2, 0), scaling.output, scaling.dtype)
    spread = np.sqrt(squares / len(orientations)).transpose(1, 2, 0) * np.float32(scaling.output.span)
    step, scale = scaling.noted(step_of(predictor.model)), predictor.model.capabilities.scale
    over = f"over {len(orientations)} orientations"
    means = step.model_copy(update={"origin": origin, "settings": f"mean {over}, {step.settings}"})
    spreads = step.model_copy(update={"origin": origin, "settings": f"standard deviation {over}, {step.settings}"})
    return Ensemble(
        image.processed(np.ascontiguousarray(pixels), means, scale),
        image.processed(np.ascontiguousarray(spread), spreads, scale),
    )


def oriented(image: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Flip and turn (C, H, W)."""
    image = image.transpose(0, 2, 1) if orientation & _TRANSPOSED else image
    return _flipped(image, orientation)


def oriented_back(image: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Undo `oriented`."""
    image = _flipped(image, orientation)
    return image.transpose(0, 2, 1) if orientation & _TRANSPOSED else image


def _flipped(image: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    return image[:, :: -1 if orientation & _ROWS else 1, :: -1 if orientation & _COLUMNS else 1]


def _moments(
    predictor: Predictor, unit: NDArray[np.float32], orientations: tuple[int, ...], progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean of the outputs and the sum of squared differences from it (Welford's recurrence)."""
    mean = squares = np.zeros((1, 1, 1), np.float32)
    for index, orientation in enumerate(orientations):
        given = np.ascontiguousarray(oriented(unit, orientation))
        tell = part_of(progress, index, len(orientations))
        made = oriented_back(predictor.predict_unit(given, tell), orientation)
        difference = made - mean
        mean = mean + difference / np.float32(index + 1)
        squares = squares + difference * (made - mean)
    return mean, squares

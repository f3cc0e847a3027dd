"""Use case: score a model on an image that has no clean reference, and keep the scores with its run."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluate.keeper import keeper_of
from pipelines.evaluate.reports import save_report
from pipelines.evaluate.requests import NoReferenceRequest
from pipelines.models import ResolvedModel, resolve_model
from pipelines.tracking.keys import Artifact
from sem_models.datasets.registration.phase_correlation import find_shift
from sem_models.errors import UserError
from sem_models.evaluation.metrics.no_reference import score_residual, score_second_frame
from sem_models.images.intensity import IntensityRange, intensity_range, rescaled, to_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.specimen import load_specimen
from sem_models.inference.predictor import Predictor
from sem_models.inference.scaling import limits_like, scaling_for
from sem_models.progress import Progress, silent

_DRIFT_PX = 0.5


@dataclass(frozen=True)
class NoReferenceScores:
    """Scores by the names of `MEASURES`, those that could be computed, and what to know when reading them."""

    model: str
    source: str
    second: str | None
    run_id: str | None
    """The run that keeps the scores; None for a baseline."""
    scores: dict[str, float]
    notes: tuple[str, ...]


def score_without_reference(request: NoReferenceRequest, progress: Progress = silent) -> NoReferenceScores:
    """Restore the first page of a file and score what was removed.

    The data bar is cut off. Intensities are scaled by the limits of the first frame; the output is not clipped.

    Raises:
        UserError: There is no such model or file, the model enlarges, the image is in colour, or the frames differ in
            size.
    """
    source, second = request.file, request.second
    resolved = resolve_model(request.model, scale=1)
    if resolved.model.capabilities.scale != 1:
        raise UserError(
            f"{resolved.model.name} enlarges, so its output cannot be compared with its input pixel by pixel; choose a "
            "denoising model."
        )
    if resolved.model.capabilities.channels_in != 1:
        raise UserError(
            f"{resolved.model.name} takes {resolved.model.capabilities.channels_in} channels; choose a model of one."
        )
    image = load_specimen(source)
    limits = intensity_range(image.pixels)
    first = _grey_unit(image, limits)
    scaling = scaling_for(resolved.model, limits_like(image, (limits,)))
    given = _grey_unit(image, scaling.inputs[0])
    made = Predictor(resolved.model).predict_unit(given[None], progress)[0]
    output = rescaled(made, scaling.output, limits)
    scores = score_residual(first, output)
    notes = (
        []
        if scores["noise_std"]
        else ["The output equals the input: nothing was removed, so the residual says nothing."]
    )
    notes += [scaling.warning] if scaling.warning else []
    if second:
        other = _second_frame(second, image, limits)
        scores |= score_second_frame(first, other, output)
        notes += _drift(first, other)
    known = {name: value for name, value in scores.items() if math.isfinite(value)}
    names = str(source), str(second) if second else None
    found = NoReferenceScores(resolved.model.name, *names, resolved.run_id, known, tuple(notes))
    if resolved.run_id:
        _keep(resolved, keeper_of(resolved.run_id), found)
    return found


def _grey_unit(image: Micrograph, limits: IntensityRange) -> NDArray[np.float32]:
    return np.ascontiguousarray(to_unit(image.pixels, limits)[:, :, 0])


def _second_frame(path: Path, first: Micrograph, limits: IntensityRange) -> NDArray[np.float32]:
    other = load_specimen(path)
    if other.pixels.shape != first.pixels.shape or other.pixels.dtype != first.pixels.dtype:
        raise UserError(
            f"{path.name} has {other.width} x {other.height} px of {other.pixels.dtype}, the first frame "
            f"{first.width} x {first.height} px of {first.pixels.dtype}; give two frames of one field."
        )
    return _grey_unit(other, limits)


def _drift(first: NDArray[np.float32], second: NDArray[np.float32]) -> list[str]:
    """Say how far the second frame seems shifted; a note only, as phase correlation of noise alone gives any shift."""
    down, right = find_shift(first, second)
    if math.hypot(down, right) <= _DRIFT_PX:
        return []
    return [
        f"The second frame seems shifted by {down:+.1f} px down and {right:+.1f} px right: shifted signal then "
        "counts as noise. Register the frames first."
    ]


def _keep(resolved: ResolvedModel, run_id: str, found: NoReferenceScores) -> None:
    metrics = {f"{Artifact.NO_REFERENCE}/{name}": value for name, value in found.scores.items()}
    path = f"{Artifact.NO_REFERENCE}/{Path(found.source).stem}"
    save_report(run_id, path, found, metrics, resolved.direction)

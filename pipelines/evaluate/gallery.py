"""Use case: one test image through every method of a comparison, as pictures that are computed once and kept."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.data.find import find_dataset
from pipelines.evaluate.compare import Column, Comparison, compare
from pipelines.evaluate.gallery_access import require_test_images
from pipelines.evaluate.gallery_files import INPUT, TARGET, Picture, gallery_pictures, missing
from pipelines.evaluate.requests import CompareRequest, GalleryRequest
from pipelines.home import writable_home
from pipelines.model_ref import RunRef
from pipelines.models import resolve_for
from pipelines.people.acting import acting_person
from sem_models.config.degradation import Degradation
from sem_models.config.intensity import IntensityLimits
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.evaluation.benchmark import Benchmark
from sem_models.evaluation.grey_levels import unit_output
from sem_models.evaluation.scorer import Case
from sem_models.images.intensity import IntensityRange, UnitImage, from_unit
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import UnitModel, recipe_of
from sem_models.inference.predictor import Predictor
from sem_models.inference.told_width import at_strength
from sem_models.progress import Progress, silent
from sem_models.tasks.models import benchmark_of, task_of

_MOST_BYTES = 4 << 30


def make_gallery(request: GalleryRequest, progress: Progress = silent) -> tuple[Picture, ...]:
    """Compute the pictures of an image that are not there yet; return all of them.

    Inputs are made and outputs computed exactly as in the evaluation that is compared.

    Raises:
        UserError: There is no such image, its dataset has changed since the evaluation or may not be seen, or outputs
            are masks. If some methods cannot be applied, the others are computed before.
    """
    comparison = compare(CompareRequest(run_ids=request.run_ids))
    require_test_images(comparison.columns[0].report, acting_person())
    pictures = gallery_pictures(comparison, request.image)
    wanted = missing(pictures)
    if not wanted:
        return pictures
    writable_home().gallery.mkdir(parents=True, exist_ok=True)
    field = _field_of(comparison, request.image)
    failed = []
    for done, picture in enumerate(wanted, 1):
        try:
            image = _output(field, comparison, picture.method)
            _write(picture.path, image, field.case, small=picture.method == INPUT)
        except UserError as error:
            failed.append(f"{picture.label}: {error}")
        progress(done, len(wanted), "pictures computed")
    _trim({picture.path for picture in pictures})
    if failed:
        raise UserError(" ".join(failed))
    return pictures


@dataclass(frozen=True)
class _Field:
    """The image of a gallery, as all methods of the comparison get it."""

    dataset: Dataset
    case: Case
    benchmark: Benchmark


def _field_of(comparison: Comparison, image: str) -> _Field:
    report = comparison.columns[0].report
    dataset = find_dataset(report.dataset)
    if dataset.digest != report.digest:
        raise UserError(
            f"Dataset {report.dataset!r} has changed since these runs were scored on it; score them again to look at "
            "its images."
        )
    entry = next((entry for entry in dataset.entries(report.split) if entry.name == image), None)
    if entry is None:
        raise UserError(f"The {report.split} split of {report.dataset!r} has no image {image!r}.")
    model = _first_model(comparison, dataset)
    if not task_of(model).gives_images:
        raise UserError(f"{model.name} gives masks, which are not shown beside a target.")
    benchmark = benchmark_of(model, dataset, _forward(comparison, model))
    return _Field(dataset, benchmark.case_of(entry), benchmark)


def _first_model(comparison: Comparison, dataset: Dataset) -> UnitModel:
    """Return the first model that can be loaded; all of a comparison are scored alike."""
    for column in comparison.columns[:-1]:
        with contextlib.suppress(UserError):
            return _model(column, dataset)
    return _model(comparison.columns[-1], dataset)


def _forward(comparison: Comparison, model: UnitModel) -> Degradation:
    """Return the forward model that made the inputs; of pairs that of the model, which tells baselines what to undo."""
    report = comparison.columns[0].report
    recipe = recipe_of(model)
    if report.degradation == "paired" and recipe:
        return recipe.degradation
    return Degradation.model_validate_json(report.degradation)


def _model(column: Column, dataset: Dataset) -> UnitModel:
    model = resolve_for(dataset, RunRef(column.run.run_id, column.direction)).model
    return at_strength(model, column.report.strength_px)


def _output(field: _Field, comparison: Comparison, method: str) -> UnitImage:
    """Return (C, H, W) in unit intensity; one model is loaded at a time."""
    case = field.case
    if method == INPUT:
        return case.input if case.recorded is None else case.recorded
    if method == TARGET:
        return case.target
    return unit_output(Predictor(_method(field, comparison, method)), case.input, case.limits)


def _method(field: _Field, comparison: Comparison, method: str) -> UnitModel:
    own = next((column for column in comparison.columns if column.model == method), None)
    if own:
        return _model(own, field.dataset)
    found = next((baseline for baseline in field.benchmark.baselines if baseline.name == method), None)
    if found is None:
        raise UserError(f"this version of the program has no {method} for these inputs.")
    return found


def _write(path: Path, image: UnitImage, case: Case, small: bool) -> None:
    """Write the mean over channels, which is what is scored, as 32-bit grey levels."""
    size = case.pixel_size_nm and case.pixel_size_nm * (case.scale if small else 1)
    native, _ = from_unit(image.mean(axis=0), _range(case.limits, small), np.dtype(np.float32))
    write_micrograph(path, Micrograph(native[:, :, None], size))


def _range(limits: IntensityLimits | None, small: bool) -> IntensityRange:
    """Return the grey levels of 0 and 1; where each image has its own, unit intensity is shown."""
    of_role = (limits.input if small else limits.output) if limits else ()
    return IntensityRange(*of_role[0].parts[0]) if of_role else IntensityRange(0.0, 1.0)


def _trim(kept: set[Path]) -> None:
    """Remove the oldest pictures beyond the limit."""
    folder = writable_home().gallery
    used = sorted(folder.glob("*.tif"), key=os.path.getmtime, reverse=True)
    total = 0
    for path in used:
        total += path.stat().st_size
        if total > _MOST_BYTES and path not in kept:
            path.unlink(missing_ok=True)

"""Trained models and baselines in use: their task, and by it how they are scored and applied to files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sem_models.config.backend import BackendChoice
from sem_models.config.degradation import Degradation
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry, Split
from sem_models.errors import FieldRef, UserError
from sem_models.evaluation.benchmark import Benchmark
from sem_models.evaluation.discriminator.generated_pairs import reference_pairs
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.unpaired_pairs import unpaired_pairs
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.scorer import Case
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import ProcessingStep
from sem_models.inference.ensemble import EnsembleModel, EnsembleSpread
from sem_models.inference.model import RestorationModel, UnitModel, recipe_of
from sem_models.inference.predictor import Predictor
from sem_models.inference.stated_doubt import OrientationsModel, with_learned_doubt
from sem_models.progress import Progress, silent
from sem_models.tasks.base import Task
from sem_models.tasks.table import baseline_task, find_task


def task_of(model: UnitModel) -> Task:
    """Return the task of a model; for a baseline the task that it belongs to, else a restoration."""
    recipe = recipe_of(model)
    return find_task(recipe) if recipe else baseline_task(model.name)


def learned_from_masks(model: UnitModel) -> bool:
    """Return whether input or output of a trained model is a mask."""
    recipe = recipe_of(model)
    return recipe is not None and find_task(recipe).uses_masks(recipe)


def benchmark_of(model: UnitModel, dataset: Dataset, degradation: Degradation) -> Benchmark:
    """Return how a model is scored on a dataset; raises a `UserError` if the dataset has no reference."""
    return task_of(model).benchmark(model, recipe_of(model), dataset, degradation)


def evaluate_model(
    model: UnitModel,
    dataset: Dataset,
    split: Split,
    degradation: Degradation,
    progress: Progress = silent,
    known: Sequence[Row] = (),
    backend: BackendChoice = "auto",
) -> EvaluationReport:
    """Score `model` and the baselines of its task on whole images.

    Args:
        model: On the device that the predictor chooses.
        dataset: Single images are degraded here, with a seed from their name; paired ones contain their input.
        split: Usually `test`.
        degradation: Its scale must be that of the model.
        progress: Called after each image.
        known: Rows of baselines from an earlier evaluation on the same images; they are not computed again.
        backend: What computes the networks, as for `Predictor`.

    Raises:
        UserError: The dataset has no reference to compare with, the split is empty, or scales do not agree.
    """
    return benchmark_of(model, dataset, degradation).evaluate(model, split, progress, known, backend)


def cases_for(model: UnitModel, dataset: Dataset, degradation: Degradation) -> Callable[[Entry], Case]:
    """Return a function from an entry to the input of `model` and the real image that its output should look like.

    Raises:
        UserError: The dataset has no real image, the model gives masks, or scales or classes do not agree.
    """
    if not task_of(model).gives_images:
        raise UserError(f"{model.name} gives masks, not images; choose a model that gives images.")
    return benchmark_of(model, dataset, degradation).case_of


def has_counterparts(model: UnitModel, dataset: Dataset) -> bool:
    """Return whether each output has a real image of the same field, which unpaired domains do not have."""
    return not dataset.manifest.layout.is_unpaired or learned_from_masks(model)


def generated_pairs(
    model: UnitModel,
    dataset: Dataset,
    splits: Sequence[Split],
    training_images: bool,
    degradation: Degradation,
    progress: Progress = silent,
) -> list[Pair]:
    """Apply a model to whole images as an evaluation does and pair each output with a real image, both (H, W).

    Several channels are averaged. In unpaired datasets the real image shows another field of the other domain.

    Raises:
        UserError: The dataset has no real image to compare an output with, or scales do not agree.
    """
    if not has_counterparts(model, dataset):
        return unpaired_pairs(model, dataset, splits, training_images, progress)
    case_of = cases_for(model, dataset, degradation)
    return reference_pairs(model, dataset, splits, training_images, case_of, progress)


def file_channels(model: UnitModel) -> int:
    """Return how many channels the files must have that a model is applied to."""
    recipe = recipe_of(model)
    return find_task(recipe).file_channels(recipe) if recipe else model.capabilities.channels_in


def input_is_mask(model: UnitModel) -> bool:
    """Return whether a model is applied to masks, in which flat rows are no data bar."""
    recipe = recipe_of(model)
    return recipe is not None and find_task(recipe).input_is_mask(recipe)


def apply_model(predictor: Predictor, micrograph: Micrograph, progress: Progress = silent) -> Micrograph:
    """Apply a model to a micrograph, or to a mask if it takes masks, and return the restored image, mask or drawing.

    Raises:
        UserError: The model takes another number of channels, or a mask holds a label that it never saw.
    """
    return task_of(predictor.model).apply(predictor, recipe_of(predictor.model), micrograph, progress)


def apply_to_file(
    predictor: Predictor, micrograph: Micrograph, out: Path, progress: Progress = silent
) -> ProcessingStep:
    """Do the same as `apply_model` and write a TIFF file, streamed if possible so that it is never whole in memory.

    Returns:
        The processing step that the file names.
    """
    return task_of(predictor.model).apply_to_file(predictor, recipe_of(predictor.model), micrograph, out, progress)


def with_deviation(model: UnitModel, spread: bool) -> UnitModel | None:
    """Return a model with the standard deviation of its output as an additional, last channel.

    Args:
        model: A trained model or a baseline.
        spread: Whether to take the spread over the orientations of the image where the model has learned nothing. That
            over the members of an ensemble is always taken.

    Returns:
        None if `spread` is not asked for and the model has learned none, or only a part of the result is its output.

    Raises:
        UserError: `spread` is asked for, and its outputs in several orientations cannot be compared, or only a part of
            the result is its output.
    """
    task, recipe = task_of(model), recipe_of(model)
    if not task.whole_output:
        if spread:
            raise _has_no_deviation(model)
        return None
    if isinstance(model, EnsembleModel):
        return EnsembleSpread(model.members, model.recipe)
    if isinstance(model, RestorationModel) and model.doubt:
        return with_learned_doubt(model, model.doubt)
    if not spread:
        return None
    one_pass = not isinstance(model, RestorationModel) or model.takes_one_pass
    if not task.may_be_repeated(recipe) or not one_pass or model.capabilities.tiling == "statistics":
        raise UserError(
            f"{model.name} cannot be applied to an image in several orientations; leave out ", FieldRef("std"), "."
        )
    return OrientationsModel(model, turns=recipe is None or not _knows_lines(task, recipe))


def _has_no_deviation(model: UnitModel) -> UserError:
    return UserError(
        f"{model.name} redraws a part of the image and leaves the rest as recorded, so its result has no standard "
        "deviation; leave out ",
        FieldRef("std"),
        ".",
    )


def _knows_lines(task: Task, recipe: Recipe) -> bool:
    """Return whether a model has learned in which direction scan lines run."""
    from sem_models.methods.table import find_method

    turned = task.may_turn(recipe) and find_method(recipe).may_turn(recipe)
    return not turned or recipe.degradation.scan is not None

"""Applying models of label maps to files: a micrograph becomes a mask of raw label values, a mask a micrograph."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sem_models.config.recipe import Recipe
from sem_models.datasets.labels import LabelMap
from sem_models.errors import UserError
from sem_models.images.channels import require_grey
from sem_models.images.databar import without_databar
from sem_models.images.intensity import intensity_range, to_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin
from sem_models.inference.model import UnitModel, step_of
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent
from sem_models.tasks.label_maps import takes_labels


@runtime_checkable
class TrainedModel(UnitModel, Protocol):
    """A model that knows what it learned by."""

    recipe: Recipe


def label_recipe(model: UnitModel) -> Recipe | None:
    """The recipe of a model whose input or output is a label map; None for all others."""
    return model.recipe if isinstance(model, TrainedModel) and takes_labels(model.recipe) else None


def apply_model(predictor: Predictor, micrograph: Micrograph, progress: Progress = silent) -> Micrograph:
    """The output for a file of the kind that the model takes: as `Predictor.predict`, or a mask, or drawn from one.

    Raises:
        UserError: Its channels are not what the model takes, or a mask holds a label that the model never saw.
    """
    recipe = label_recipe(predictor.model)
    if recipe is None:
        return predictor.predict(micrograph, progress)
    if not recipe.labels:
        raise UserError(f"{predictor.model.name} does not know the labels of its classes; train it again.")
    found = _segment if recipe.task == "segmentation" else _synthesise
    return found(predictor, recipe.labels, micrograph, progress)


def _segment(predictor: Predictor, labels: tuple[int, ...], micrograph: Micrograph, progress: Progress) -> Micrograph:
    """(H, W, 1) raw labels, uint8 where they fit, else uint16."""
    grey = require_grey(micrograph)
    limits = intensity_range(without_databar(grey).pixels)
    logits = predictor.predict_unit(to_unit(grey.pixels, limits).transpose(2, 0, 1), progress)
    raw = np.array(labels, np.uint8 if max(labels) < 256 else np.uint16)[logits.argmax(0)]
    return _result(predictor, grey, raw[:, :, None], Origin.SEGMENTED)


def _synthesise(predictor: Predictor, labels: tuple[int, ...], mask: Micrograph, progress: Progress) -> Micrograph:
    """(H, W, 1) uint8."""
    unit = predictor.predict_unit(one_hot_of(labels, mask), progress)
    drawn = np.rint(unit.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    return _result(predictor, require_grey(mask), drawn, Origin.SYNTHETIC)


def one_hot_of(labels: tuple[int, ...], mask: Micrograph) -> NDArray[np.float32]:
    """(K, H, W) float32 of a mask of raw label values.

    Raises:
        UserError: It is coloured, or holds a label that is not one of `labels`.
    """
    try:
        classes = LabelMap(labels, {}).classes(require_grey(mask).pixels)[..., 0]
    except UserError as error:
        raise UserError(f"{mask.source}: {error}") from error
    channels: NDArray[np.float32] = (classes == np.arange(len(labels))[:, None, None]).astype(np.float32)
    return channels


def _result(predictor: Predictor, source: Micrograph, pixels: np.ndarray, origin: Origin) -> Micrograph:
    step = step_of(predictor.model).model_copy(update={"origin": origin})
    return source.processed(np.ascontiguousarray(pixels), step)

"""Applying models to and from masks: a micrograph becomes a mask of raw label values, a mask a micrograph."""

import numpy as np
from numpy.typing import NDArray

from sem_models.datasets.labels import LabelMap
from sem_models.errors import UserError
from sem_models.images.channels import require_grey
from sem_models.images.intensity import to_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin
from sem_models.inference.predictor import Predictor
from sem_models.inference.scaling import drawn_pixels, measured_limits, scaling_for
from sem_models.progress import Progress


def segment(predictor: Predictor, labels: tuple[int, ...], micrograph: Micrograph, progress: Progress) -> Micrograph:
    """Segment a grey micrograph into a mask of (H, W, 1) raw labels, uint8 if they fit, else uint16."""
    grey = require_grey(micrograph)
    scaling = scaling_for(predictor.model, measured_limits(grey), Origin.SEGMENTED)
    logits = predictor.predict_unit(to_unit(grey.pixels, scaling.inputs[0]).transpose(2, 0, 1), progress)
    raw = np.array(labels, np.uint8 if max(labels) < 256 else np.uint16)[logits.argmax(0)]
    step = predictor.step_for(grey, scaling, Origin.SEGMENTED)
    return grey.processed(np.ascontiguousarray(raw[:, :, None]), step)


def draw_after_mask(predictor: Predictor, labels: tuple[int, ...], mask: Micrograph, progress: Progress) -> Micrograph:
    """Generate a micrograph, (H, W, 1), from a mask of raw labels, in the dtype and units of the training images."""
    unit = predictor.predict_unit(one_hot_of(labels, mask), progress).clip(0, 1)
    drawn = drawn_pixels(predictor.model, unit.transpose(1, 2, 0))
    step = predictor.step_for(mask, None, Origin.SYNTHETIC)
    return require_grey(mask).processed(np.ascontiguousarray(drawn), step)


def one_hot_of(labels: tuple[int, ...], mask: Micrograph) -> NDArray[np.float32]:
    """Convert a mask of raw label values to one-hot (K, H, W) float32.

    Raises:
        UserError: It is coloured, or holds a label that is not one of `labels`.
    """
    try:
        classes = LabelMap(labels, {}).classes(require_grey(mask).pixels)[..., 0]
    except UserError as error:
        raise UserError(f"{mask.source}: {error}") from error
    channels: NDArray[np.float32] = (classes == np.arange(len(labels))[:, None, None]).astype(np.float32)
    return channels

"""Applying models to and from masks: a micrograph becomes a mask of raw label values, a mask a micrograph."""

import numpy as np
from numpy.typing import NDArray

from sem_models.datasets.labels import LabelMap
from sem_models.errors import UserError
from sem_models.images.channels import require_grey
from sem_models.images.databar import without_databar
from sem_models.images.intensity import intensity_range, to_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin
from sem_models.inference.model import step_of
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress


def segment(predictor: Predictor, labels: tuple[int, ...], micrograph: Micrograph, progress: Progress) -> Micrograph:
    """Segment a grey micrograph into a mask of (H, W, 1) raw labels, uint8 if they fit, else uint16."""
    grey = require_grey(micrograph)
    limits = intensity_range(without_databar(grey).pixels)
    logits = predictor.predict_unit(to_unit(grey.pixels, limits).transpose(2, 0, 1), progress)
    raw = np.array(labels, np.uint8 if max(labels) < 256 else np.uint16)[logits.argmax(0)]
    return _result(predictor, grey, raw[:, :, None], Origin.SEGMENTED)


def draw_after_mask(predictor: Predictor, labels: tuple[int, ...], mask: Micrograph, progress: Progress) -> Micrograph:
    """Generate a micrograph, (H, W, 1) uint8, from a mask of raw labels."""
    unit = predictor.predict_unit(one_hot_of(labels, mask), progress)
    drawn = np.rint(unit.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    return _result(predictor, require_grey(mask), drawn, Origin.SYNTHETIC)


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


def _result(predictor: Predictor, source: Micrograph, pixels: np.ndarray, origin: Origin) -> Micrograph:
    step = step_of(predictor.model).model_copy(update={"origin": origin})
    return source.processed(np.ascontiguousarray(pixels), step)

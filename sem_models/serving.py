"""TIFF in, TIFF out: the only module that the code stored with a registered model imports.

Registered models outlive versions of this package, so the name and signature of `load_served` must not change.
"""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from sem_models.images.io.uploads import decode_stack
from sem_models.images.io.write import encode_tiff
from sem_models.inference.predictor import Predictor, choose_device
from sem_models.inference.storage import load_model
from sem_models.inference.told_width import at_strength
from sem_models.tasks.models import apply_model, file_channels


class Served(Protocol):
    """A model as a function from the bytes of a TIFF file to those of another."""

    def __call__(self, content: bytes, strength_px: float | None = None) -> bytes:
        """Restore an image; `strength_px` is the blur to undo, sigma in px, for a model that can be told."""


def load_served(folder: Path, run_id: str = "") -> Served:
    """Load the model in `folder` and return it as a function from the bytes of a TIFF file to those of another.

    The output keeps the data type of the input and states the pixel size; its provenance names `run_id` as the origin
    of the model. A model with several inputs expects them as the pages of one TIFF file, in the order in which
    `prepare` was given their folders. The channels of one page are treated as those of one camera: they share their
    intensity limits.
    """
    predictor = Predictor(replace(load_model(folder, choose_device()), run_id=run_id))
    channels = file_channels(predictor.model)

    def restore(content: bytes, strength_px: float | None = None) -> bytes:
        chosen = predictor.with_model(at_strength(predictor.model, strength_px))
        return encode_tiff(apply_model(chosen, decode_stack(content, channels)))

    return restore

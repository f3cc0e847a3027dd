"""TIFF in, TIFF out: the one module that the code stored beside a registered model imports.

Models outlive versions of this package, so the name and the signature of `load_served` stay as they are.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sem_models.images.io.uploads import decode_stack
from sem_models.images.io.write import encode_tiff
from sem_models.inference.predictor import Predictor, choose_device
from sem_models.inference.storage import load_model
from sem_models.tasks.models import apply_model, file_channels


def load_served(folder: Path, run_id: str = "") -> Callable[[bytes], bytes]:
    """The model whose weights and recipe lie in `folder`, as a function from a TIFF file to a TIFF file.

    Data type and pixel size are kept, and the output names `run_id` as where its model came from. A model of several
    inputs takes them as the pages of one TIFF, in the order in which `prepare` was given their folders; channels of one
    page are taken for one camera's and share their limits.
    """
    predictor = Predictor(replace(load_model(folder, choose_device()), run_id=run_id))
    channels = file_channels(predictor.model)

    def restore(content: bytes) -> bytes:
        return encode_tiff(apply_model(predictor, decode_stack(content, channels)))

    return restore

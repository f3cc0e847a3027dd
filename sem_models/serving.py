"""Images of a request in, restored images out: the only module that the code stored with a registered model imports.

Registered models outlive versions of this package. The name and signature of `load_served` must not change, and its
result must stay callable as `served(content, strength_px=...)`, from bytes to bytes, as stored code of version 0.1
calls it.
"""

import base64
import binascii
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sem_models.errors import Cancelled, UserError
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.io.uploads import MOST_REQUEST_SAMPLES, decode_stack
from sem_models.images.io.write import encode_png, encode_tiff
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.inference.model import RestorationModel, UnitModel, limits_of
from sem_models.inference.predictor import Predictor, choose_device
from sem_models.inference.storage import load_model
from sem_models.inference.told_width import at_strength
from sem_models.progress import Progress, silent
from sem_models.tasks.models import apply_model, file_channels, input_is_mask, task_of, with_deviation

IMAGE, DEVIATION = "image", "standard_deviation"
"""Columns of an answer; the second is there if it was asked for."""
MOST_IMAGES = 64
"""Largest number of images in one request."""
MOST_ANSWER_SAMPLES = 2**26
"""Largest number of samples of all images in one answer: 8,192 x 8,192 grey pixels."""
_KEPT_PREDICTORS = 4


class TimeOver(Cancelled):
    """A request took longer than it may."""


class Deadline:
    """A progress callback that stops the work when the time of a request is over."""

    def __init__(self, seconds: float | None = None) -> None:
        """Begin now; None: there is no limit."""
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def __call__(self, done: int, total: int, what: str) -> None:  # noqa: ARG002  (the interface of `Progress`)
        """Raise `TimeOver` if the time is over."""
        if self.left_s == 0:
            raise self.over()

    def over(self) -> TimeOver:
        """Return what says that the time is over."""
        return TimeOver(
            f"The request was not answered within {self._seconds:g} s and was stopped; send a smaller image, or apply "
            "the model to files with `predict`."
        )

    @property
    def left_s(self) -> float:
        """How many seconds are left; -1 if there is no limit, as locks want it."""
        return -1.0 if self._end is None else max(0.0, self._end - time.monotonic())


@dataclass(frozen=True)
class Options:
    """How the images of a request are restored; the fields are the parameters of the MLflow signature."""

    tile_px: int = 0
    """Edge of a tile in input pixels; 0: chosen automatically."""
    databar: Literal["keep", "cut"] = "keep"
    """The instrument's data bar: kept, or cut as in preparation."""
    format: Literal["tiff", "png"] = "tiff"
    """Format of images in the answer to images."""
    dtype: str = ""
    """Data type of images that are sent as lists of numbers; empty: the one that the model learned from."""
    self_ensemble: bool = False
    """Average the outputs over flips and turns of the image."""
    standard_deviation: bool = False
    """Return the standard deviation of the output as well: the one that the model has learned to state; with
    `self_ensemble`, the spread over flips and turns, which is a lower limit."""
    strength_px: float | None = None
    """Blur to undo, for a model that can be told."""

    def __post_init__(self) -> None:
        if self.tile_px < 0 or 0 < self.tile_px < _SMALLEST_TILE:
            raise UserError(f"tile_px {self.tile_px}: it must be 0 (automatic) or at least {_SMALLEST_TILE}.")
        for name, value, known in (("databar", self.databar, _BARS), ("format", self.format, tuple(_ENCODERS))):
            if value not in known:
                raise UserError(f"{name} {value!r}: it must be one of {', '.join(known)}.")
        if self.dtype not in ("", *_DTYPES):
            raise UserError(f"dtype {self.dtype!r}: it must be one of {', '.join(_DTYPES)}.")


_SMALLEST_TILE = 32
_BARS = ("keep", "cut")
_ENCODERS = {"tiff": encode_tiff, "png": encode_png}
_DTYPES = ("uint8", "uint16", "uint32", "float32")


@dataclass(frozen=True)
class Restored:
    """What was made of one image."""

    image: Micrograph
    deviation: Micrograph | None = None


class ServedModel:
    """A loaded model that answers requests, one after the other.

    Predictors are kept from one request to the next, with what they have learned about tiles, memory and backends.
    Backends are measured between requests.
    """

    def __init__(self, model: RestorationModel) -> None:
        """Serve a model on its device."""
        self.model = model
        self.channels = file_channels(model)
        self._predictors: dict[Any, Predictor] = {}
        self._free = threading.Lock()

    def __call__(self, content: bytes, strength_px: float | None = None) -> bytes:
        """Restore the image in a file and return the content of a TIFF file."""
        image = decode_stack(content, self.channels)
        return encode_tiff(self.restore(image, Options(strength_px=strength_px)).image)

    def answer(
        self, images: Sequence[Any], parameters: Mapping[str, Any], time_limit_s: float | None = None
    ) -> list[dict[str, Any]]:
        """Restore the images of a request.

        Args:
            images: Each a file as base64 text, or nested lists (or an array) of grey levels, (H, W) or (H, W, C).
            parameters: Fields of `Options` by name.
            time_limit_s: After that long the work is stopped; None: never.

        Returns:
            A row for each image. Its items have the form of that image: base64 text, or nested lists.

        Raises:
            UserError: An image or a parameter cannot be used.
            TimeOver: It took too long.
        """
        deadline = Deadline(time_limit_s)
        options = Options(**parameters)
        if not 1 <= len(images) <= MOST_IMAGES:
            raise UserError(f"The request has {len(images)} images; send 1 to {MOST_IMAGES}.")
        rows, left, room = [], MOST_REQUEST_SAMPLES, MOST_ANSWER_SAMPLES
        for number, sent in enumerate(images):
            image = self._decoded(sent, number, options, left)
            left, room = left - image.pixels.size, room - self._samples_of_answer(image, options)
            if left < 0 or room < 0:
                raise UserError(_too_much(left))
            deadline(number, len(images), "images")
            rows.append(_row(self.restore(image, options, deadline), options, as_text=isinstance(sent, str)))
        return rows

    def restore(self, image: Micrograph, options: Options, deadline: Deadline | None = None) -> Restored:
        """Apply the model to an image, as soon as it is free.

        Raises:
            UserError: The image or an option does not suit the model.
            TimeOver: The deadline has passed.
        """
        deadline = deadline or Deadline()
        if options.databar == "cut" and not input_is_mask(self.model):
            image = crop_databar(image, find_databar(image))
        if not self._free.acquire(timeout=deadline.left_s):
            raise deadline.over()
        try:
            return self._restore(image, options, deadline)
        finally:
            self._free.release()

    def _restore(self, image: Micrograph, options: Options, progress: Progress = silent) -> Restored:
        predictor = self._predictor(options)
        if not (options.self_ensemble or options.standard_deviation):
            return Restored(apply_model(predictor, image, progress))
        made, deviation = predictor.predict_with_deviation(image, progress, task_of(self.model).origin)
        return Restored(made, deviation if options.standard_deviation else None)

    def _predictor(self, options: Options) -> Predictor:
        """Return the predictor for these options; the ones that were not used for longest are dropped."""
        key = options.tile_px, options.strength_px, options.self_ensemble, options.standard_deviation
        found = self._predictors.pop(key, None)
        if found is None:
            device = next(_tensors(self.model)).device.type
            found = Predictor(_variant(self.model, options), device, options.tile_px or None, turns=self._free)
        self._predictors[key] = found
        for oldest in list(self._predictors)[:-_KEPT_PREDICTORS]:
            del self._predictors[oldest]
        return found

    def _decoded(self, sent: Any, number: int, options: Options, most_samples: int) -> Micrograph:
        if not isinstance(sent, str):
            return self._array(sent, number, options.dtype)
        try:
            content = base64.b64decode(sent, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UserError(f"Image {number}: it is not base64 text of an image file ({error}).") from error
        return decode_stack(content, self.channels, most_samples=most_samples)

    def _array(self, sent: Any, number: int, dtype: str) -> Micrograph:
        limits = limits_of(self.model)
        usual = limits.input[0].dtype if limits and limits.input else "float32"
        return Micrograph(_pixels(sent, number, np.dtype(dtype or usual)), source=f"image {number}")

    def _samples_of_answer(self, image: Micrograph, options: Options) -> int:
        facts = self.model.capabilities
        made = image.height * image.width * facts.scale**2 * facts.channels_out
        return made * (2 if options.standard_deviation else 1)


def load_served(folder: Path, run_id: str = "") -> ServedModel:
    """Load the model in `folder`; its outputs name `run_id` as the origin of the model.

    The output keeps the data type of the input and states the pixel size. A model with several inputs expects them as
    the pages of one TIFF file, in the order in which `prepare` was given their folders. The channels of one page are
    treated as those of one camera: they share their intensity limits.
    """
    return ServedModel(replace(load_model(folder, choose_device()), run_id=run_id))


def _variant(model: RestorationModel, options: Options) -> UnitModel:
    """Return the model that computes what the options ask for; raises a `UserError` where there is none."""
    told = at_strength(model, options.strength_px)
    if options.self_ensemble and isinstance(told, RestorationModel):
        return with_deviation(replace(told, doubt=None), spread=True) or told
    if not options.standard_deviation:
        return told
    stated = with_deviation(told, spread=False)
    if stated is None:
        raise UserError(
            f"{model.name} has not learned to state a standard deviation; set self_ensemble to true for its spread "
            "over flips and turns of the image."
        )
    return stated


def _tensors(model: RestorationModel) -> Any:
    # An ONNX graph has no parameters; its only tensor is a buffer.
    yield from model.network.parameters()
    yield from model.network.buffers()


def _pixels(sent: Any, number: int, dtype: np.dtype[Any]) -> Pixels:
    """Make (H, W, C) pixels of nested lists; raises a `UserError` if they are no image of this data type."""
    try:
        values = np.asarray(sent, np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"Image {number}: it is neither base64 text nor lists of equally many numbers.") from error
    if values.ndim not in (2, 3) or not values.size:
        raise UserError(
            f"Image {number}: its shape is {values.shape}; send (height, width) or (height, width, channels)."
        )
    if not np.isfinite(values).all():
        raise UserError(f"Image {number}: it has values that are not finite.")
    if np.issubdtype(dtype, np.unsignedinteger):
        largest = np.iinfo(dtype).max
        if values.min() < 0 or values.max() > largest or (values != np.rint(values)).any():
            raise UserError(
                f"Image {number}: its values from {values.min():g} to {values.max():g} are no {dtype}, whole numbers "
                f"up to {largest}; name their data type in the parameter dtype ({', '.join(_DTYPES)})."
            )
    return np.ascontiguousarray(values.astype(dtype).reshape(*values.shape[:2], -1))


def _row(made: Restored, options: Options, *, as_text: bool) -> dict[str, Any]:
    if not as_text:
        row = {IMAGE: _lists(made.image)}
        return row if made.deviation is None else {**row, DEVIATION: _lists(made.deviation)}
    row = {IMAGE: _text(_ENCODERS[options.format](made.image))}
    # PNG holds no floating-point numbers.
    return row if made.deviation is None else {**row, DEVIATION: _text(encode_tiff(made.deviation))}


def _lists(image: Micrograph) -> Any:
    return (image.pixels[..., 0] if image.channels == 1 else image.pixels).tolist()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _too_much(left: int) -> str:
    if left < 0:
        return f"The images have more than {MOST_REQUEST_SAMPLES:,} samples together; send them in several requests."
    return (
        f"The answer would have more than {MOST_ANSWER_SAMPLES:,} samples; send fewer or smaller images, or apply the "
        "model to files with `predict`."
    )

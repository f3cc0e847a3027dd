"""PNG, JPEG and BMP, read with Pillow. PNG files of the workbench also contain pixel size, facts and history.

Pillow reduces PNG files with several channels of 16 bit to 8 bit, so their pixels are decoded with imagecodecs.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image
from pydantic import ValidationError

from sem_models.errors import UserError
from sem_models.images.facts import Fact, facts_from_text
from sem_models.images.io.formats.limits import refuse_oversized
from sem_models.images.io.vendors.facts import aspect_of, number
from sem_models.images.io.vendors.jeol import side_car
from sem_models.images.io.vendors.resolution import LARGEST_BELIEVED_NM
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.images.provenance import MOST_STEPS, STEPS, ProcessingStep

Image.MAX_IMAGE_PIXELS = None  # sizes are refused by `refuse_oversized`, with one limit for all formats
HISTORY = "history"
"""Name of the text chunk that contains the processing steps as JSON."""
_BYTES = {"I;16": 2, "I;16B": 2, "I": 4, "F": 4}
"""Bytes per sample; 1 in all other modes."""
_PALETTE_CHANNELS = 4
_DEEP_CHANNELS = {2: 3, 4: 2, 6: 4}
"""Channels of the colour types of PNG that Pillow reduces to 8 bit: RGB, grey with opacity, RGB with opacity."""
_MOST_SCANS = 100
"""Largest number of scans of a JPEG file. Progressive files have about ten; each one decodes the whole image again."""


def read(path: Path, most_samples: int) -> Iterator[Micrograph]:
    """Read the image of the file in its own bit depth. Palettes become RGB."""
    with Image.open(path) as image:
        deep = _deep_channels(path, image)
        channels = deep or (_PALETTE_CHANNELS if image.mode in ("P", "PA") else len(image.getbands()))
        shape = (image.height, image.width, *([channels] if channels > 1 else []))
        refuse_oversized(path, shape, 2 if deep else _BYTES.get(image.mode, 1), most_samples)
        if image.format == "JPEG":
            _refuse_many_scans(path)
        image.load()
        size, metadata, history = _pixel_size_nm(image), _facts(image), _history(image)
        aspect = _pixel_aspect(image)
        pixels = _deep_pixels(path, deep) if deep else _pixels(image)
    beside = side_car(path)
    if beside is not None and not history:
        size, metadata = size or beside.pixel_size_nm, {**beside.metadata, **metadata}
    yield Micrograph(pixels, size, metadata, path.name, history=history, pixel_aspect=aspect)


def _refuse_many_scans(path: Path) -> None:
    # Compressed data never contains this marker, because 0 follows every 0xFF there.
    if path.read_bytes().count(b"\xff\xda") > _MOST_SCANS:
        raise UserError(f"{path.name}: the JPEG file has more than {_MOST_SCANS} scans; save it as baseline JPEG.")


def _deep_channels(path: Path, image: Image.Image) -> int | None:
    """Return the channels of a file that Pillow would reduce to 8 bit; None for all others."""
    with path.open("rb") as file:
        head = file.read(26)
    if image.format != "PNG" or head[12:16] != b"IHDR" or head[24] != 16:
        return None
    return _DEEP_CHANNELS.get(head[25])


def _deep_pixels(path: Path, channels: int) -> Pixels:
    try:
        decoded: Pixels = imagecodecs.png_decode(path.read_bytes())
    except Exception as error:
        # The decoder's own message may be memory that is no longer its own.
        raise ValueError("the pixels cannot be decoded") from error
    # A transparent colour of an RGB file becomes a fourth channel, which Pillow does not add at 8 bit.
    return decoded[..., :channels]


def _pixels(image: Image.Image) -> Pixels:
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode in ("CMYK", "YCbCr", "HSV", "LAB"):
        image = image.convert("RGB")
    pixels = np.asarray(image)
    if image.mode == "I" and image.format == "PNG":
        pixels = pixels.astype(np.uint16)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _pixel_size_nm(image: Image.Image) -> float | None:
    """Read our own text chunk if there is one; `pHYs` holds whole pixels per metre and is coarse above 1 Mpx/m."""
    stated = number(image.info.get("pixel_size_nm"))
    if stated or image.format != "PNG" or "dpi" not in image.info:
        return stated
    dots = number(image.info["dpi"][0])
    size = 2.54e7 / dots if dots else None
    return size if size and size < LARGEST_BELIEVED_NM else None


def _pixel_aspect(image: Image.Image) -> float:
    stated = number(image.info.get("pixel_aspect"))
    if stated or image.format != "PNG" or "dpi" not in image.info:
        return stated or 1.0
    across, down = map(number, image.info["dpi"])
    return aspect_of(down, across)


def _facts(image: Image.Image) -> dict[str, Fact]:
    return facts_from_text({str(key): value for key, value in image.info.items() if isinstance(value, str)})


def _history(image: Image.Image) -> tuple[ProcessingStep, ...]:
    stored, note = image.info.get(HISTORY), image.info.get("provenance")
    with suppress(ValidationError):
        return STEPS.validate_json(str(stored))[:MOST_STEPS]
    # Early versions wrote only the sentence.
    return (ProcessingStep.from_note(str(note)),) if note else ()

"""Images computed from others that are open: the bicubic reference, and where a restoration changed what."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.viewing.codes import Codes, GreyCode, quantised
from pipelines.viewing.files import key_of
from pipelines.viewing.pyramid import ImageFacts, Pyramid, build_pyramid
from pipelines.viewing.store import pyramid_store
from sem_models.images.intensity import intensity_range

if TYPE_CHECKING:
    from sem_models.evaluation.data_consistency import KnownForward

_BAND = 512
_HALO = 128
"""Rows beyond a band that its response depends on: two Gaussian windows of sigma 12 px, each cut off at 4 sigma."""
_RESPONSE = GreyCode(0.0, 1 / 65535)
"""A response of 1 or more is shown alike."""


def bicubic(key: str, given: Pyramid, output: Pyramid, scale: int) -> Pyramid:
    """Enlarge an input to the size of an output by bicubic interpolation (Keys, a = -0.5), in units of the input.

    Args:
        key: Names input and output.
        given: The input.
        output: Gives the size.
        scale: Pixels of the output per pixel of the input.
    """

    def build() -> Pyramid:
        codes = np.empty((output.height, output.width), given.levels[0].dtype)
        whole = Image.fromarray(given.levels[0].astype(np.float32))
        most = np.iinfo(codes.dtype).max
        for top in range(0, output.height, _BAND):
            rows = min(_BAND, output.height - top)
            box = (0.0, top / scale, output.width / scale, (top + rows) / scale)
            band = np.asarray(whole.resize((output.width, rows), Image.Resampling.BICUBIC, box))
            codes[top : top + rows] = np.rint(np.clip(band, 0, most))
        return build_pyramid(codes, given.code, output_facts(given, output))

    return pyramid_store().get(key_of("bicubic", key, scale), build)


def output_facts(given: Pyramid, output: Pyramid) -> ImageFacts:
    """Return the facts of an image with the grey values of an input and the pixels of an output."""
    return ImageFacts(given.facts.dtype, output.facts.pixel_size_nm, output.facts.pixel_aspect)


def response(key: str, given: Pyramid, output: Pyramid) -> Pyramid:
    """Compute the response map of an output of the same size as its input: 0 unchanged, 1 as strong as the contrast.

    See `sem_models.evaluation.metrics.regions.response_map`. Bands of rows with a halo give the same as the whole.
    """

    def build() -> Pyramid:
        limits = intensity_range(given.levels[0])
        lo, span = given.code.lo + given.code.step * limits.lo, given.code.step * limits.span
        codes = np.empty((output.height, output.width), np.uint16)
        for top in range(0, output.height, _BAND):
            first = max(0, top - _HALO)
            rows = slice(first, top + _BAND + _HALO)
            unit = [_unit(one.levels[0][rows], one.code, lo, span) for one in (given, output)]
            codes[top : top + _BAND] = quantised(_response(*unit), _RESPONSE)[top - first : top - first + _BAND]
        return build_pyramid(codes, _RESPONSE, output_facts(given, output))

    return pyramid_store().get(key_of("response", key), build)


_CENTRE_PX = 1024
_LARGEST_RATIO = 16.0
_RATIO = GreyCode(0.0, _LARGEST_RATIO / 65535)


def contradiction(key: str, given: Pyramid, output: Pyramid, forward: "KnownForward") -> Pyramid:
    """Compare an input with what the forward model makes of an output: 1 where they differ by white noise, up to 16.

    See `sem_models.evaluation.data_consistency.contradiction`. Bands of rows with a halo give the same as the whole.
    """

    def build() -> Pyramid:
        codes = np.empty((given.height, given.width), np.uint16)
        for top in range(0, given.height, _BAND):
            first = max(0, top - _HALO)
            ratio = _ratio(given, output, forward, slice(first, top + _BAND + _HALO), slice(0, given.width))
            codes[top : top + _BAND] = quantised(ratio, _RATIO)[top - first : top - first + _BAND]
        return build_pyramid(codes, _RATIO, given.facts)

    return pyramid_store().get(key_of("contradiction", key, forward), build)


def contradicting(given: Pyramid, output: Pyramid, forward: "KnownForward") -> float:
    """Return the fraction of the centre, at most 1024 px square, where an output contradicts its input."""
    from sem_models.evaluation.data_consistency import contradicting_share

    rows, columns = (_middle(size) for size in (given.height, given.width))
    return contradicting_share(_ratio(given, output, forward, rows, columns))


def _ratio(
    given: Pyramid, output: Pyramid, forward: "KnownForward", rows: slice, columns: slice
) -> NDArray[np.float32]:
    """Compute the ratio in a part of the input."""
    from sem_models.evaluation.data_consistency import contradiction

    limits = intensity_range(given.levels[0])
    lo, span = given.code.lo + given.code.step * limits.lo, given.code.step * limits.span
    same = tuple(slice(part.start * forward.scale, part.stop * forward.scale) for part in (rows, columns))
    shown = _unit(output.levels[0][same], output.code, lo, span)
    recorded = _unit(given.levels[0][rows, columns], given.code, lo, span)
    return contradiction(recorded, shown, forward)


def _middle(size: int) -> slice:
    start = max(0, (size - _CENTRE_PX) // 2)
    return slice(start, min(size, start + _CENTRE_PX))


def _unit(codes: Codes, code: GreyCode, lo: float, span: float) -> NDArray[np.float32]:
    return ((code.values(codes) - lo) / span).astype(np.float32)


def _response(given: NDArray[np.float32], output: NDArray[np.float32]) -> NDArray[np.float32]:
    from sem_models.evaluation.metrics.regions import response_map  # SciPy, which the first page does without

    return response_map(given, output)

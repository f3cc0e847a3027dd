"""Statistics of one image by which images of other kinds differ: noise, sharpness, periodicity, grey levels.

All are the same whatever the brightness and contrast of the image, and for its negative.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating]
SMALLEST_EDGE_PX = 128
"""Of smaller images the coarse statistics would be chance."""
EDGE_PX = 384
"""Of larger images the centre is looked at."""
_SCALES = 4
_BLOCK_PX, _COARSE_PX = 8, 16
_STRUCTURE = (-1.0, 6.0)
_RINGS_PX = 2.0
"""Width of the rings of the spectrum whose median a peak is compared with, in multiples of 1 / edge."""
_LEAST = 1e-12
Statistics = dict[str, float]


@dataclass(frozen=True)
class Meaning:
    """What is seen in an image that has less or more of a statistic than those a model learned from."""

    less: str
    more: str


MEANINGS = {
    "noise": Meaning("weaker noise", "stronger noise"),
    "fall 2 px": Meaning("sharper or finer texture", "blur, or noise that was smoothed"),
    "fall 4 px": Meaning("less fine texture", "more fine texture"),
    "fall 8 px": Meaning("weaker structures of about 16 px", "stronger structures of about 16 px"),
    "sparse 2 px": Meaning("finest details spread evenly", "few, strong details of the finest size"),
    "sparse 4 px": Meaning("details of about 4 px spread evenly", "few, strong details of about 4 px"),
    "sparse 8 px": Meaning("details of about 8 px spread evenly", "few, strong details of about 8 px"),
    "sparse 16 px": Meaning("details of about 16 px spread evenly", "few, strong details of about 16 px"),
    "lines 2 px": Meaning("fine streaks across the scan lines", "fine streaks along the scan lines"),
    "lines 4 px": Meaning("broad streaks across the scan lines", "broad streaks along the scan lines"),
    "grain": Meaning("noise smoothed along the diagonals", "a fine chessboard pattern"),
    "skewness": Meaning("as many bright as dark areas", "nearly all of it bright, or nearly all dark"),
    "tails": Meaning("few grey levels between bright and dark", "a few areas much brighter or darker than the rest"),
    "periodicity": Meaning("a less regular pattern", "a regular pattern, such as a lattice"),
    "shot noise": Meaning("noise that does not grow with brightness", "noise that grows more with brightness"),
    "structure": Meaning("large structures weaker than the noise", "stronger large structures"),
}
"""All statistics by their names."""


def image_statistics(image: Plane) -> Statistics | None:
    """Measure the centre of (H, W), at most 384 px square; None for images under 128 px and for flat ones."""
    if min(image.shape) < SMALLEST_EDGE_PX:
        return None
    part = centre(image, EDGE_PX).astype(np.float64)
    deviation = part.std()
    if deviation < _LEAST:
        return None
    part = (part - part.mean()) / deviation
    powers, sparse, lines, grain = _by_scale(part)
    blocks = _means(part, _BLOCK_PX)
    values = (
        powers[0],
        *np.diff(powers),
        *sparse,
        *lines,
        grain,
        abs(_moment(blocks, 3)),
        np.log10(_moment(blocks, 4)),
        _periodicity(part),
        _shot_noise(part, blocks),
        np.clip(np.log10(_COARSE_PX**2 * _means(part, _COARSE_PX).var() + _LEAST) - powers[0], *_STRUCTURE),
    )
    return dict(zip(MEANINGS, map(float, values), strict=True))


def centre(image: Plane, edge_px: int) -> Plane:
    """Cut the central square of (H, W), of at most `edge_px`."""
    height, width = (min(edge_px, size) for size in image.shape[:2])
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def _by_scale(part: Plane) -> tuple[list[float], list[float], list[float], float]:
    """Measure the Haar coefficients of (H, W) at 2, 4, 8 and 16 px.

    Returns:
        At each scale the decadic logarithms of their mean square and of their kurtosis over that of a Gaussian; at the
        two finest, of the ratio of power across lines to that along them; and at the finest, of the ratio of the
        diagonal to the others. White noise has equal power at all scales and 0 elsewhere.
    """
    powers, sparse, lines, grain = [], [], [], 0.0
    smooth = part
    for scale in range(_SCALES):
        smooth, along, down, diagonal = _haar(smooth)
        squares = [float((band**2).mean()) + _LEAST for band in (along, down, diagonal)]
        fourth = [float((band**4).mean()) + _LEAST**2 for band in (along, down, diagonal)]
        powers.append(float(np.log10(np.mean(squares))))
        sparse.append(float(np.mean([np.log10(f / (3 * s**2)) for f, s in zip(fourth, squares, strict=True)])))
        if scale < 2:
            lines.append(float(np.log10(squares[1] / squares[0])))
        if scale == 0:
            grain = float(np.log10(2 * squares[2] / (squares[0] + squares[1])))
    return powers, sparse, lines, grain


def _haar(image: Plane) -> tuple[Plane, Plane, Plane, Plane]:
    """Return the orthonormal Haar coefficients of (H, W), each (H / 2, W / 2): smooth, along, down, diagonal."""
    height, width = (size // 2 * 2 for size in image.shape)
    first, second = image[:height:2, :width], image[1:height:2, :width]
    total, step = first + second, first - second
    a, b, c, d = total[:, ::2], total[:, 1::2], step[:, ::2], step[:, 1::2]
    return (a + b) / 2, (a - b) / 2, (c + d) / 2, (c - d) / 2


def _means(part: Plane, edge: int) -> Plane:
    """Average (H, W) over blocks of `edge` x `edge` px."""
    rows, columns = (size // edge for size in part.shape)
    cut = part[: rows * edge, : columns * edge].reshape(rows, edge, columns, edge)
    means: Plane = cut.mean(axis=(1, 3))
    return means


def _moment(values: Plane, order: int) -> float:
    centred = values - values.mean()
    return float((centred**order).mean() / max(float((centred**2).mean()), _LEAST) ** (order / 2))


def _periodicity(part: Plane) -> float:
    """Return the decadic logarithm of the highest peak of the spectrum over the median at its frequency."""
    from scipy import ndimage  # the first page does without SciPy

    edge = min(part.shape)
    square = centre(part, edge)
    window = np.hanning(edge)[:, None] * np.hanning(edge)
    power = np.abs(np.fft.rfft2(square * window)) ** 2
    power = ndimage.uniform_filter(power, 3, mode="wrap")
    fy, fx = np.fft.fftfreq(edge)[:, None], np.fft.rfftfreq(edge)[None]
    ring = (np.hypot(fy, fx) * edge / _RINGS_PX).astype(int)
    # Scan lines and edges of the frame make peaks on the axes, whatever the specimen.
    off_axis = (np.abs(fy) * edge > 3) & (fx * edge > 3)
    inner = off_axis & (ring * _RINGS_PX >= 0.02 * edge) & (ring * _RINGS_PX < 0.5 * edge)
    rings, values = ring[inner], power[inner]
    medians = ndimage.median(values, rings, np.arange(rings.max() + 1))
    return float(np.log10((values / np.maximum(medians[rings], _LEAST)).max()))


def _shot_noise(part: Plane, blocks: Plane) -> float:
    """Return the correlation of brightness and of the power of the finest details, over blocks; its sign is lost."""
    diagonal = _haar(part)[3] ** 2
    power = np.log(_means(diagonal, _BLOCK_PX // 2) + _LEAST)
    rows, columns = (min(sizes) for sizes in zip(power.shape, blocks.shape, strict=True))
    first, second = power[:rows, :columns].ravel(), blocks[:rows, :columns].ravel()
    if min(first.std(), second.std()) < _LEAST:
        return 0.0
    return float(abs(np.corrcoef(first, second)[0, 1]))

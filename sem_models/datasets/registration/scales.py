"""Geometry of two images of one field, of which the second has a whole number of times as many pixels along an edge.

The pixels of both are squares that fill the field, so that pixel j of the coarse image has its centre at
k j + (k - 1) / 2 in pixels of the fine one. Fast and slow scans of one field differ in this way.
"""

import numpy as np

from sem_models.datasets.manifest import Matrix
from sem_models.images.micrograph import Pixels


def times_larger(source: Pixels, target: Pixels) -> int | None:
    """Return how many times as many rows and columns a target has as its input; None if that is no whole number."""
    scale = target.shape[0] // source.shape[0]
    return scale if scale and tuple(scale * size for size in source.shape[:2]) == target.shape[:2] else None


def in_coarse_pixels(matrix: Matrix, scale: int) -> Matrix:
    """Return a warp to pixels of an enlarged image as the warp to pixels of the image before it was enlarged."""
    found = np.array(matrix)
    found[:, 2] = (found[:, 2] + 0.5) / scale - 0.5
    found[:, :2] /= scale
    return _as_matrix(found)


def from_coarse_grid(matrix: Matrix, scale: int) -> Matrix:
    """Return a warp from pixels of an image as the warp from pixels that are `scale` times as wide."""
    found = np.array(matrix)
    found[:, 2] += found[:, :2].sum(axis=1) * (scale - 1) / 2
    found[:, :2] *= scale
    return _as_matrix(found)


def _as_matrix(values: np.ndarray) -> Matrix:
    first, second = values.tolist()
    return (first[0], first[1], first[2]), (second[0], second[1], second[2])

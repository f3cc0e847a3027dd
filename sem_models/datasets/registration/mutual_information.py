"""Registration of two modalities by mutual information, and the resulting warp.

The input is warped onto the target and never the other way round: interpolation smooths noise and softens edges, and
the image that a network learns to return must stay as it was recorded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from sem_models.datasets.manifest import Matrix, WarpModel
from sem_models.datasets.registration.scales import from_coarse_grid
from sem_models.errors import UserError

_BINS = 50
_FINEST_PX = 350
_LEVELS = (4, 2, 1)
_STEP_PX, _SMALLEST_STEP_PX, _ROUNDS, _RELAXATION, _FLAT = 2.0, 1e-3, 300, 0.6, 1e-8
_ORDER = 3
_SPLINE_REACH = 2
_DECIMALS = 7
"""Decimals of the matrix: 0.001 px across 10,000 px. Smaller differences depend on the processor."""


def find_warp(
    fixed: NDArray[Any], moving: NDArray[Any], shift: tuple[float, float], model: WarpModel = "affine"
) -> Matrix:
    """Find the warp from pixels of `fixed` to pixels of `moving` that maximises the Mattes mutual information.

    Mattes et al., IEEE Trans. Med. Imaging 22, 2003, as implemented in ITK, at three resolutions. It uses every pixel
    and a single thread, so that results are reproducible. The relation of the two contrasts may be arbitrary, but must
    be the same everywhere in the field.

    Args:
        fixed: (H, W), any dtype.
        moving: (H', W'), any dtype.
        shift: Start of the search: (rows, columns) by which `moving` lies further down and to the right.
        model: Transformations that are allowed.

    Returns:
        The matrix, in px, that maps (row, column, 1) of `fixed` to (row, column) of `moving`.

    Raises:
        UserError: The search left the image.
    """
    transform = _start(model, fixed.shape, shift)
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(SimpleITK.sitkLinear)
    finest = int(np.clip(min(fixed.shape) // _FINEST_PX, 1, 4))
    method.SetShrinkFactorsPerLevel([level * finest for level in _LEVELS])
    method.SetSmoothingSigmasPerLevel([0.5 * (level + 1) * finest for level in _LEVELS])
    method.SetSmoothingSigmasAreSpecifiedInPhysicalUnits(True)
    method.SetOptimizerAsRegularStepGradientDescent(_STEP_PX, _SMALLEST_STEP_PX, _ROUNDS, _RELAXATION, _FLAT)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    try:
        with _one_thread():
            method.Execute(*(SimpleITK.GetImageFromArray(image.astype(np.float32)) for image in (fixed, moving)))
    except RuntimeError as error:
        raise UserError("mutual information found no common field") from error
    return _matrix(transform)


def warp_onto(
    moving: NDArray[Any], fixed: NDArray[Any], matrix: Matrix, scale: int = 1
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return both images on the grid of `fixed`, cropped to the field that `moving` covers.

    `moving` is interpolated once, by cubic splines, and rounded to its own dtype; `fixed` is only cropped.

    Args:
        moving: (H, W, C).
        fixed: (H' x scale, W' x scale, C).
        matrix: Maps pixels of `fixed` to pixels of `moving`.
        scale: How many pixels of `fixed` lie along an edge of a pixel of the warped image.

    Returns:
        (h, w, C) of `moving` and (h x scale, w x scale, C) of `fixed`.

    Raises:
        UserError: They have no common field.
    """
    matrix = from_coarse_grid(matrix, scale)
    grid = fixed.shape[0] // scale, fixed.shape[1] // scale
    top, left, bottom, right = valid_field(moving.shape[:2], grid, matrix)
    turn, offset = np.array(matrix)[:, :2], np.array(matrix)[:, 2]
    size = (bottom - top, right - left)
    planes = [
        affine_transform(plane, turn, offset + turn @ (top, left), size, np.float64, _ORDER, mode="mirror")
        for plane in np.moveaxis(moving, 2, 0).astype(np.float64)
    ]
    field = fixed[scale * top : scale * bottom, scale * left : scale * right]
    return _as(np.stack(planes, axis=2), moving.dtype), field


def valid_field(moving: tuple[int, ...], fixed: tuple[int, ...], matrix: Matrix) -> tuple[int, int, int, int]:
    """Return top, left, bottom and right of a rectangle of `fixed` whose pixels all lie inside `moving`.

    A border as wide as the reach of the spline is excluded. For rotations of a few degrees the rectangle is the largest
    possible.

    Raises:
        UserError: There is no common field.
    """
    turn, offset = np.array(matrix)[:, :2], np.array(matrix)[:, 2]
    last = np.array(moving) - 1 - _SPLINE_REACH
    corners = np.array([(r, c) for r in (_SPLINE_REACH, last[0]) for c in (_SPLINE_REACH, last[1])])
    inside = np.linalg.solve(turn, (corners - offset).T).T.reshape(2, 2, 2)
    top, left = (max(0, int(np.ceil(value))) for value in (inside[0, :, 0].max(), inside[:, 0, 1].max()))
    ends = (inside[1, :, 0].min(), inside[:, 1, 1].min())
    bottom, right = (min(size, int(np.floor(end)) + 1) for size, end in zip(fixed, ends, strict=True))
    if bottom <= top or right <= left:
        raise UserError("the images have no common field")
    return top, left, bottom, right


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread: the order in which several finish would change the last digits, and with them the digest."""
    threads = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)


def _start(model: WarpModel, shape: tuple[int, ...], shift: tuple[float, float]) -> Any:
    """Return the initial transform. ITK puts columns first; rotating about the centre decouples rotation and shift."""
    offset, centre = shift[::-1], ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    if model == "translation":
        return SimpleITK.TranslationTransform(2, offset)
    transform: Any = SimpleITK.Euler2DTransform() if model == "rigid" else SimpleITK.AffineTransform(2)
    transform.SetCenter(centre)
    transform.SetTranslation(offset)
    return transform


def _matrix(transform: Any) -> Matrix:
    origin, down, right = (np.array(transform.TransformPoint(at)[::-1]) for at in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0)))
    first, second = np.stack([down - origin, right - origin, origin], axis=1).round(_DECIMALS).tolist()
    return (first[0], first[1], first[2]), (second[0], second[1], second[2])


def _as(values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(dtype)
